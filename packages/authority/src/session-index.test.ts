import type { SessionId } from '@rta/core';
import { describe, expect, it } from 'vitest';
import { ALICE, COPILOT, HOUR_MS, IDP, idOf, mint, T0 } from '../test/fixture.ts';
import { openSession, type Session } from './session.ts';
import { createSessionIndex } from './session-index.ts';
import { selectorKeys } from './subject-match.ts';

function sessionOf(number: number, parts: Partial<Session> = {}): Session {
  const seed = {
    id: idOf(number),
    parent: undefined,
    depth: 0,
    subject: ALICE,
    actors: [COPILOT],
    publicKey: new Uint8Array(32),
    certificateThumbprint: undefined,
    createdAtMs: T0,
    expiresAtMs: T0 + HOUR_MS,
    ownGrant: { scope: ['*'] },
    inheritedGrant: undefined,
    attributes: {},
    policyRevision: 'r1',
  };
  return { ...openSession(seed, mint), ...parts };
}
const ids = (sessions: readonly Session[]): readonly SessionId[] => sessions.map(({ id }) => id);
const alice = selectorKeys({ user: { by: 'iss-sub', issuer: IDP, sub: 'alice' } });
const laptop = selectorKeys({ device: { id: 'laptop', issuers: [IDP] } });

describe('createSessionIndex', () => {
  it('finds a session in every way, once, in its latest state', () => {
    const index = createSessionIndex();
    const subject = { ...ALICE, deviceId: 'laptop' };
    index.put(sessionOf(1, { subject, parent: idOf(9) }));
    const latest = sessionOf(1, { subject, parent: idOf(9), generation: 2, connection: 'c1' });
    index.put(latest);
    expect(index.size).toBe(1);
    expect(index.get(idOf(1))).toBe(latest);
    expect(index.bySubject([...alice, ...laptop])).toEqual([latest]);
    expect(index.childrenOf(idOf(9))).toEqual([latest]);
    expect(index.childCount(idOf(9))).toBe(1);
    expect(index.boundTo('c1')).toEqual([latest]);
    expect([...index.all()]).toEqual([latest]);
  });

  it('leaves no trace of a session that is removed, also by an older state of it', () => {
    const index = createSessionIndex();
    const session = sessionOf(1, { parent: idOf(9), connection: 'c1' });
    index.put(session);
    index.remove({ ...session, generation: 0 });
    index.remove(session);
    expect(index.size).toBe(0);
    expect(index.get(idOf(1))).toBeUndefined();
    expect(index.bySubject(alice)).toEqual([]);
    expect(index.childrenOf(idOf(9))).toEqual([]);
    expect(index.boundTo('c1')).toEqual([]);
    expect(index.takeExpired(T0 + 2 * HOUR_MS)).toEqual([]);
  });

  it('follows a session from connection to connection', () => {
    const index = createSessionIndex();
    index.put(sessionOf(1, { connection: 'c1' }));
    index.put(sessionOf(2, { connection: 'c1' }));
    index.put(sessionOf(1, { connection: 'c2' }));
    expect(ids(index.boundTo('c1'))).toEqual([idOf(2)]);
    expect(ids(index.boundTo('c2'))).toEqual([idOf(1)]);
    index.put(sessionOf(1, { connection: undefined }));
    expect(index.boundTo('c2')).toEqual([]);
  });

  it('gives out what expires within a second, never before its time, and once', () => {
    const index = createSessionIndex();
    index.put(sessionOf(1, { expiresAtMs: T0 + 1 }));
    index.put(sessionOf(2, { expiresAtMs: T0 + 1_000 }));
    index.put(sessionOf(3, { expiresAtMs: T0 + 1_001 }));
    expect(index.takeExpired(T0)).toEqual([]);
    expect(index.takeExpired(T0 + 999)).toEqual([]);
    expect(index.takeExpired(T0 + 1_000)).toEqual([idOf(1), idOf(2)]);
    expect(index.takeExpired(T0 + 1_000)).toEqual([]);
    expect(index.takeExpired(T0 + HOUR_MS)).toEqual([idOf(3)]);
  });

  it('gives out 150,000 sessions that expire in the same second', () => {
    const index = createSessionIndex();
    const session = sessionOf(0);
    for (let i = 0; i < 150_000; i++) index.put({ ...session, id: `${i}` as SessionId });
    expect(index.takeExpired(T0 + HOUR_MS)).toHaveLength(150_000);
  });
});
