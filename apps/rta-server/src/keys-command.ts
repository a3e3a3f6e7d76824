import { systemClock } from '@rta/core';
import type { KeyFolder, KeyListing } from '@rta/keys-file';
import type { Config } from './config.ts';
import { appError, remedyOf } from './errors.ts';
import { openTokenKeyFolder } from './token-keys.ts';

/** What `rta-server keys …` was asked for. */
export type KeysCommand =
  | { readonly name: 'list' | 'create' }
  | { readonly name: 'rotate'; readonly now: boolean }
  | { readonly name: 'retire'; readonly keyId: number }
  | { readonly name: 'revoke'; readonly keyId: number; readonly reason: string };

/** What was typed after `keys`. */
export interface KeysWords {
  readonly words: readonly string[];
  readonly now: boolean;
  readonly reason: string | undefined;
}

const KEY_ID = /^(0|[1-9]\d{0,9})$/;

/** Reads what was typed; undefined where it is not understood, or says more than the command takes. */
export function parseKeysCommand({ words, now, reason }: KeysWords): KeysCommand | undefined {
  const [name, idText, ...rest] = words;
  if (rest.length > 0) return undefined;
  const keyId = idText !== undefined && KEY_ID.test(idText) ? Number(idText) : undefined;
  if (now && name !== 'rotate') return undefined;
  if (reason !== undefined && name !== 'revoke') return undefined;
  switch (name) {
    case 'list':
    case 'create':
      return idText === undefined ? { name } : undefined;
    case 'rotate':
      return idText === undefined ? { name, now } : undefined;
    case 'retire':
      return keyId === undefined ? undefined : { name, keyId };
    case 'revoke':
      if (keyId === undefined || reason === undefined || reason.trim() === '') return undefined;
      return { name, keyId, reason };
    default:
      return undefined;
  }
}

/** What a command did, for people and for programs. */
export interface KeysOutcome {
  readonly text: string;
  readonly json: object;
  /** Whether anything is wrong with the folder, which the text says too. */
  readonly failed: boolean;
}

/**
 * Does what was asked for, in the folder that the configuration names. Servers that run notice within two seconds.
 *
 * @throws RtaError `RTA_CONFIG_INVALID` where no folder is configured; of `@rta/keys-file`. RangeError for a reason that
 *   is too long.
 */
export async function runKeysCommand(command: KeysCommand, tokens: Config['tokens']): Promise<KeysOutcome> {
  const { keyFolder } = tokens;
  if (keyFolder === undefined) {
    throw appError('RTA_CONFIG_INVALID', 'tokens.keyFolder is not set: name the folder of keys there');
  }
  await using folder = openTokenKeyFolder({ ...tokens, keyFolder }, systemClock);
  const { text, json, failed } = await carryOut(command, folder);
  const unchecked = folder.checksAccess ? '' : 'Who can read the folder is not checked on this platform.\n';
  return { text: `${text}\n${unchecked}`, json, failed };
}

async function carryOut(command: KeysCommand, folder: KeyFolder): Promise<KeysOutcome> {
  switch (command.name) {
    case 'list':
      return listed(folder);
    case 'create': {
      const { keyId, activeFromMs } = await folder.create();
      return done(`made key ${keyId} in ${folder.path}: it signs`, { created: keyId, activeFromMs });
    }
    case 'rotate': {
      const { keyId, activeFromMs } = await folder.rotate({ now: command.now });
      const when = command.now ? 'from now on' : `from ${at(activeFromMs)} on; until then it is accepted`;
      return done(`key ${keyId} signs ${when}`, { next: keyId, activeFromMs });
    }
    case 'retire': {
      const { keyId } = command;
      await folder.retire(keyId);
      return done(`tokens of key ${keyId} are refused from now on`, { retired: keyId });
    }
    case 'revoke': {
      const { keyId, reason } = command;
      const { wasRevoked, successor } = await folder.revoke(keyId, { reason });
      const json = { revoked: keyId, wasRevoked, ...(successor === undefined ? {} : { successor }) };
      if (wasRevoked) return done(`key ${keyId} was revoked before; what was left of it is removed`, json);
      const signs = successor === undefined ? '' : `\nkey ${successor} signs from now on`;
      return done(`revoked key ${keyId}: its tokens are refused, and it is removed${signs}`, json);
    }
  }
}

async function listed(folder: KeyFolder): Promise<KeysOutcome> {
  const { keys, faults } = await folder.list();
  const rows = keys.map(
    (key) => `${String(key.keyId).padStart(10)}  ${key.state.padEnd(10)}  ${aboutKey(key)}`,
  );
  const wrong = faults.flatMap((error) => [`wrong: ${error.message}`, `  what to do: ${remedyOf(error)}`]);
  const lines = [...rows, ...wrong];
  return {
    text: lines.length === 0 ? 'no keys' : lines.join('\n'),
    json: { keys, faults: faults.map(({ message }) => message) },
    failed: faults.length > 0,
  };
}

function aboutKey({ suite, activeFromMs, retireAtMs, revokedAtMs, reason }: KeyListing): string {
  const parts = [
    suite,
    activeFromMs === undefined ? undefined : `signs from ${at(activeFromMs)}`,
    retireAtMs === undefined ? undefined : `refused from ${at(retireAtMs)}`,
    revokedAtMs === undefined ? undefined : `at ${at(revokedAtMs)}`,
    reason === undefined ? undefined : JSON.stringify(reason),
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

const done = (text: string, json: object): KeysOutcome => ({ text, json, failed: false });

/** A time as people read it; one that no calendar has, as its number. */
function at(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? String(timeMs) : date.toISOString();
}
