import { systemClock } from '@rta/core';
import { setId } from '@rta/ssf';
import { openLmdbStore } from '@rta/store-lmdb';
import { makeSet, type ScriptedSet, type SigningKey } from '../scripted/set-maker.ts';
import type { ServerProcess } from '../server-process.ts';
import type { Sender } from './senders.ts';

/** What a run found. */
export interface CrashReport {
  readonly sent: number;
  readonly acknowledged: number;
  readonly kills: number;
  /** Ids of tokens that were acknowledged and left no trace. */
  readonly lost: readonly string[];
  /** What the server knows of subjects that no token told, or twice what one told. */
  readonly superfluous: number;
}

const SESSION_REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';

/** Signs tokens, each about a user of its own: so each leaves a trace of its own. */
export async function signSets(
  count: number,
  issuer: { readonly issuer: string; readonly audience: string; readonly key: SigningKey },
): Promise<readonly ScriptedSet[]> {
  const sets: ScriptedSet[] = [];
  for (let index = 0; index < count; index += 1) {
    const subject = { format: 'iss_sub', iss: issuer.issuer, sub: `user-${index}` };
    sets.push(await makeSet({ eventType: SESSION_REVOKED, subject }, issuer));
  }
  return sets;
}

/**
 * Sends tokens, kills the server so many times meanwhile, and counts what is in its store in the end.
 *
 * @param stateFolder - the folder of the server's store.
 */
export async function crashWhileSending(options: {
  readonly server: ServerProcess;
  readonly sender: Sender;
  readonly sets: readonly ScriptedSet[];
  readonly issuer: string;
  readonly kills: number;
  readonly stateFolder: string;
  readonly onProgress: (acknowledged: number, kills: number) => void;
}): Promise<CrashReport> {
  const { server, sender, sets, issuer, onProgress } = options;
  let acknowledged = 0;
  let kills = 0;
  let restarting: Promise<void> = Promise.resolve();
  // Spread over the run, the first one early: what is lost is lost in the middle of things.
  const killAt = (kill: number): number => Math.floor(((kill + 0.5) * sets.length) / options.kills);

  await sender.sendAll(sets, () => {
    acknowledged += 1;
    onProgress(acknowledged, kills);
    if (kills >= options.kills || acknowledged < killAt(kills)) return;
    kills += 1;
    restarting = restarting.then(() => server.crash());
  });
  await restarting;
  await server.stop();

  const traces = await readTraces(options.stateFolder);
  const expected = new Set(sets.map(({ jti }) => setId(issuer, jti)));
  return {
    sent: sets.length,
    acknowledged,
    kills,
    lost: [...expected].filter((id) => !traces.includes(id)),
    superfluous: traces.length - new Set(traces.filter((id) => expected.has(id))).size,
  };
}

/** Ids of the signals that the server's knowledge of subjects comes from. */
async function readTraces(folder: string): Promise<readonly string[]> {
  await using store = await openLmdbStore({ path: folder, clock: systemClock });
  const ids: string[] = [];
  for await (const [, record] of store.subjects.entries()) {
    if (typeof record['id'] === 'string') ids.push(record['id']);
  }
  return ids;
}
