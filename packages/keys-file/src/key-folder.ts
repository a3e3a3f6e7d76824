import type { Clock } from '@rta/core';
import {
  checkRotationPolicy,
  DEFAULT_ROTATION,
  type KeySet,
  type KeySourceChange,
  keyRoles,
  type RotationPolicy,
  type TokenKeySource,
  type TokenSuite,
} from '@rta/token';
import { keysFileError } from './errors.ts';
import {
  type ChangeContext,
  createFirstKey,
  type NextKey,
  type RevokeOutcome,
  retireKey,
  retried,
  revokeKey,
  rotateKeys,
  rotateOnSchedule,
} from './folder-changes.ts';
import { type FolderContents, readFolder } from './folder-contents.ts';
import { watchFolder } from './folder-watch.ts';
import { createHeldKeys } from './held-keys.ts';
import { KEYS_FILE_LIMITS } from './limits.ts';
import { ownUserId } from './private-access.ts';

/** What is told of a key; never the key. */
export interface KeyListing {
  readonly keyId: number;
  /** `retired` ones are removed by and by; `unreadable` ones are among the faults. */
  readonly state: 'current' | 'announced' | 'accepted' | 'retired' | 'revoked' | 'unreadable';
  readonly suite?: TokenSuite;
  /** UNIX milliseconds, as the others. */
  readonly createdAtMs?: number;
  readonly activeFromMs?: number;
  readonly retireAtMs?: number;
  readonly revokedAtMs?: number;
  /** Why it was revoked. */
  readonly reason?: string;
}

/** Keys in a folder. */
export interface KeyFolder extends TokenKeySource {
  readonly path: string;
  readonly announceMs: number;
  /** Whether modes and owners of files are checked; not on Windows, where access lists are the operator's matter. */
  readonly checksAccess: boolean;
  /**
   * Reads the keys.
   *
   * @throws RtaError `RTA_KEYS_FILE_FOLDER`, `_EMPTY`, `_ACCESS`, `_MALFORMED`, `_REUSED`, `_LIMIT`: at the start
   *   nothing is wrong with the folder, or the keys are not used.
   */
  load(signal?: AbortSignal): Promise<KeySet>;
  /** Tells of other keys within two seconds, and of faults once each. Rotates meanwhile, where that is scheduled. */
  watch(onChange: (change: KeySourceChange) => void): { close(): void };
  /** All keys by their ids, and what is wrong with the folder. */
  list(): Promise<{ readonly keys: readonly KeyListing[]; readonly faults: readonly Error[] }>;
  /**
   * Makes the folder, where it is not there, and the first key.
   *
   * @throws RtaError `RTA_KEYS_FILE_EXISTS`, `_ACCESS`, `_WRITE`, `_CONFLICT`
   */
  create(): Promise<NextKey>;
  /**
   * Announces the next key, which signs after `announceMs`; tokens of the one before stay accepted for `overlapMs`.
   *
   * @param options.now - lets it sign at once: for one node; several may refuse its tokens for some seconds.
   * @throws RtaError `RTA_KEYS_FILE_ANNOUNCED`, `_WRITE`, `_CONFLICT`; as {@link KeyFolder.load} for what is wrong.
   */
  rotate(options?: { readonly now?: boolean }): Promise<NextKey>;
  /**
   * Accepts no more tokens of a key from now on.
   *
   * @throws RtaError `RTA_KEYS_FILE_UNKNOWN`, `_CURRENT`, `_WRITE`; as {@link KeyFolder.load} for what is wrong.
   */
  retire(keyId: number): Promise<void>;
  /**
   * Revokes a key for ever, and removes it. Where it signs, another one does from the same moment. Doing it again
   * changes nothing, and removes the key where it has come back.
   *
   * @param options.reason - for the list, at most 512 characters; not a secret.
   * @throws RtaError `RTA_KEYS_FILE_UNKNOWN`, `_FOLDER`, `_ACCESS` for a folder of another user, `_WRITE`, `_CONFLICT`.
   *   RangeError for a reason that is too long.
   */
  revoke(keyId: number, options: { readonly reason: string }): Promise<RevokeOutcome>;
  /** Stops watching. Idempotent; afterwards every call fails with `RTA_KEYS_FILE_CLOSED`. */
  close(): Promise<void>;
}

/** What a folder of keys is opened with. */
export interface KeyFolderOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Suite of keys that are made; `hmac-sha256` by default. */
  readonly suite?: TokenSuite;
  /** 30 days, 48 hours and 1 hour by default. */
  readonly policy?: RotationPolicy;
  /** Whether keys rotate by themselves while the folder is watched; yes by default. */
  readonly scheduled?: boolean;
}

/**
 * Opens a folder of keys. Nothing is read yet.
 *
 * @throws RtaError `RTA_TOKEN_ROTATION` for a policy that cannot be.
 */
export function openKeyFolder(options: KeyFolderOptions): KeyFolder {
  const { path, clock, suite = 'hmac-sha256', policy = DEFAULT_ROTATION, scheduled = true } = options;
  checkRotationPolicy(policy);
  const context: ChangeContext = { path, suite, policy, now: () => clock.now() };
  const held = createHeldKeys(suite);
  const watchers = new Set<(change: KeySourceChange) => void>();
  let told = '';
  let toldFaults = '';
  let isLoaded = false;
  let stopWatching: (() => void) | undefined;
  let closed = false;
  let waiting: Promise<void> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  /** One after the other, so that what was read last is in force. */
  const inTurn = <Value>(task: () => Promise<Value>): Promise<Value> => {
    const done = turn.then(() => {
      if (closed) throw keysFileError('RTA_KEYS_FILE_CLOSED');
      return task();
    });
    turn = done.catch(() => undefined);
    return done;
  };

  const tell = (change: KeySourceChange): void => {
    for (const watcher of watchers) watcher(change);
  };

  const tellKeys = (): KeySet => {
    const keys = held.at(clock.now());
    const name = JSON.stringify([keys.current.keyId, keys.accepted.map(({ keyId }) => keyId), keys.revoked]);
    if (name !== told) {
      told = name;
      if (isLoaded) tell({ kind: 'keys', keys });
    }
    return keys;
  };

  /** Every fault is told of once, and again when it has been away. */
  const tellFaults = (faults: readonly Error[]): void => {
    const name = faults.map(({ message }) => message).join('\n');
    if (name === toldFaults) return;
    toldFaults = name;
    for (const error of faults) tell({ kind: 'fault', error });
  };

  const read = async (): Promise<{ contents: FolderContents; faults: readonly Error[] }> => {
    const contents = await readFolder(path, clock.now());
    return { contents, faults: held.take(contents) };
  };

  const refresh = async (): Promise<void> => {
    let { contents, faults } = await read();
    tellKeys();
    if (scheduled && faults.length === 0) {
      try {
        if (await rotateOnSchedule(context, contents)) ({ faults } = await read());
      } catch (error) {
        // Where another process was faster, the next reading says what is left to do.
        if (!(error instanceof Error)) throw error;
        if (!('code' in error) || error.code !== 'RTA_KEYS_FILE_CONFLICT') faults = [error];
      }
      tellKeys();
    }
    tellFaults(faults);
  };

  /** Reads anew after this call; joins a reading that has not begun. What goes wrong is told of, or the end of it. */
  const refreshSoon = (): Promise<void> => {
    waiting ??= inTurn(() => {
      waiting = undefined;
      return refresh();
    }).catch(() => undefined);
    return waiting;
  };

  const change = <Value>(task: () => Promise<Value>): Promise<Value> =>
    inTurn(async () => {
      const value = await retried(task);
      if (isLoaded) await refresh();
      return value;
    });

  const close = async (): Promise<void> => {
    closed = true;
    watchers.clear();
    stopWatching?.();
    await turn;
  };

  return {
    path,
    announceMs: policy.announceMs,
    checksAccess: ownUserId() !== undefined,
    load: (signal) =>
      inTurn(async () => {
        signal?.throwIfAborted();
        const { faults } = await read();
        if (faults[0] !== undefined) throw faults[0];
        const keys = tellKeys();
        isLoaded = true;
        return keys;
      }),
    watch(onChange) {
      if (closed) throw keysFileError('RTA_KEYS_FILE_CLOSED');
      const watcher = (one: KeySourceChange): void => onChange(one);
      watchers.add(watcher);
      stopWatching ??= watchFolder(path, clock, refreshSoon);
      return {
        close() {
          watchers.delete(watcher);
          if (watchers.size > 0) return;
          stopWatching?.();
          stopWatching = undefined;
        },
      };
    },
    list: () =>
      inTurn(async () => {
        const contents = await readFolder(path, clock.now());
        return { keys: listingsOf(contents, clock.now()), faults: contents.faults };
      }),
    create: () => change(() => createFirstKey(context)),
    rotate: ({ now = false } = {}) => change(() => rotateKeys(context, { now })),
    retire: (keyId) => change(() => retireKey(context, keyId)),
    async revoke(keyId, { reason }) {
      if (reason.length > KEYS_FILE_LIMITS.maxReasonCharacters) {
        throw new RangeError(`a reason has at most ${KEYS_FILE_LIMITS.maxReasonCharacters} characters`);
      }
      return change(() => revokeKey(context, keyId, reason));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function listingsOf({ keys, revoked, ids }: FolderContents, nowMs: number): readonly KeyListing[] {
  const roles = keyRoles([...keys.values()], nowMs);
  return [...ids]
    .toSorted((a, b) => a - b)
    .map((keyId): KeyListing => {
      if (revoked.has(keyId)) return { ...revoked.get(keyId), keyId, state: 'revoked' };
      const stored = keys.get(keyId);
      if (stored === undefined) return { keyId, state: 'unreadable' };
      const { suite, createdAtMs, activeFromMs, retireAtMs } = stored;
      const times = { createdAtMs, activeFromMs, ...(retireAtMs === undefined ? {} : { retireAtMs }) };
      const isAccepted = roles.accepted.includes(keyId);
      if (keyId === roles.current) return { keyId, state: 'current', suite, ...times };
      if (!isAccepted) return { keyId, state: 'retired', suite, ...times };
      return { keyId, state: activeFromMs > nowMs ? 'announced' : 'accepted', suite, ...times };
    });
}
