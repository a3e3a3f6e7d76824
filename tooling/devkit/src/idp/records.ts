import type { Clock } from '@rta/core';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { devIdpError } from './errors.ts';

/** One client's part in a session at the IdP. */
export interface IdpSession {
  /** Session id as tokens and security events carry it; each client sees its own. */
  readonly sid: string;
  readonly sub: string;
  readonly clientId: string;
  /** UNIX milliseconds of the sign-in, whole seconds. */
  readonly signedInAtMs: number;
}

/** The state of one IdP. */
export interface IdpRecords {
  /** The view of one kind of record that `oidc-provider` works with. */
  adapterFor(model: string): Adapter;
  /** Sessions that are open. */
  sessions(): readonly IdpSession[];
  /** Ends the session that a client knows by this `sid`; false where there is none. */
  endSession(sid: string): boolean;
}

interface Entry {
  readonly model: string;
  readonly id: string;
  readonly payload: AdapterPayload;
  readonly expiresAtMs: number;
}

/**
 * Keeps the state of one IdP in memory, so that several in one process do not share any. Lookups other than by
 * id scan: the number of records is small and limited.
 *
 * @param options.maxCount records above which new ones are refused with `RTA_DEVIDP_FULL`.
 * @param options.clock says when records expire; those are as good as gone.
 */
export function createIdpRecords(options: { readonly maxCount: number; readonly clock: Clock }): IdpRecords {
  const entries = new Map<string, Entry>();
  const isLive = (entry: Entry) => entry.expiresAtMs > options.clock.now();

  const makeRoom = () => {
    if (entries.size < options.maxCount) return;
    for (const [key, entry] of entries) if (!isLive(entry)) entries.delete(key);
    if (entries.size >= options.maxCount) {
      throw devIdpError('RTA_DEVIDP_FULL', undefined, { details: { records: entries.size } });
    }
  };
  const find = (model: string, matches: (payload: AdapterPayload) => boolean): Entry | undefined => {
    for (const entry of entries.values()) {
      if (entry.model === model && isLive(entry) && matches(entry.payload)) return entry;
    }
    return undefined;
  };

  return {
    adapterFor: (model) => ({
      async upsert(id, payload, expiresInSeconds) {
        const key = keyOf(model, id);
        if (!entries.has(key)) makeRoom();
        const expiresAtMs =
          expiresInSeconds === undefined ? Infinity : options.clock.now() + expiresInSeconds * 1000;
        entries.set(key, { model, id, payload, expiresAtMs });
      },
      async find(id) {
        const entry = entries.get(keyOf(model, id));
        return entry !== undefined && isLive(entry) ? entry.payload : undefined;
      },
      async findByUid(uid) {
        return find(model, (payload) => payload.uid === uid)?.payload;
      },
      async findByUserCode(userCode) {
        return find(model, (payload) => payload.userCode === userCode)?.payload;
      },
      async consume(id) {
        const entry = entries.get(keyOf(model, id));
        if (entry !== undefined) entry.payload.consumed = Math.floor(options.clock.now() / 1000);
      },
      async destroy(id) {
        entries.delete(keyOf(model, id));
      },
      async revokeByGrantId(grantId) {
        for (const [key, entry] of entries) {
          if (entry.model === model && entry.payload.grantId === grantId) entries.delete(key);
        }
      },
    }),
    sessions: () =>
      [...entries.values()].filter(isLive).flatMap(({ model, payload }) => sessionsOf(model, payload)),
    endSession(sid) {
      const entry = find('Session', (payload) =>
        sessionsOf('Session', payload).some((session) => session.sid === sid),
      );
      return entry !== undefined && entries.delete(keyOf('Session', entry.id));
    },
  };
}

function keyOf(model: string, id: string): string {
  return `${model}:${id}`;
}

function sessionsOf(model: string, payload: AdapterPayload): IdpSession[] {
  const { accountId: sub, authorizations = {}, loginTs = 0 } = payload;
  if (model !== 'Session' || sub === undefined) return [];
  return Object.entries(authorizations).flatMap(([clientId, { sid }]) =>
    sid === undefined ? [] : [{ sid, sub, clientId, signedInAtMs: loginTs * 1000 }],
  );
}
