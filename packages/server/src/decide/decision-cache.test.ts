import { type Authority, createAuthority, type Session } from '@rta/authority';
import { parseSessionId } from '@rta/core';
import type { Decision } from '@rta/pdp';
import { expect, test } from 'vitest';
import { createDecisionCache } from './decision-cache.ts';

const T0 = 1_750_000_000_000;
const DECISION: Decision = {
  effect: 'permit',
  cause: 'policy',
  reasons: [],
  obligations: [],
  revision: 'r1',
};
const CACHED = {
  question: { action: 'files.read', resource: { type: 'File', id: 'report.txt' } },
  decision: DECISION,
};
const ID = parseSessionId('AAECAwQFBgcICQoLDA0ODw');

/** As the keys of a node do it: no two tokens are one. */
const mint = (): Uint8Array => new Uint8Array(96);

/** An authority with one session. */
function withSession(): { readonly authority: Authority; readonly session: Session } {
  const authority = createAuthority({ mint, isAuthentic: () => false, policyRevision: 'r1' });
  const session = authority.open(
    {
      id: ID,
      subject: { issuer: 'https://idp.example', sub: 'alice', signedInAtMs: T0 },
      actor: { id: 'agent', keyThumbprint: 'k' },
      publicKey: new Uint8Array(32),
      grant: { scope: ['files.read'] },
      expiresAtMs: T0 + 60_000,
    },
    T0,
  );
  return { authority, session };
}

const { session: SESSION } = withSession();

test('a decision is found for its question alone', () => {
  const cache = createDecisionCache();
  cache.put(SESSION, 'question', CACHED);
  expect(cache.get(SESSION, 'question', 'r1', T0)).toBe(CACHED);
  expect(cache.get(SESSION, 'another', 'r1', T0)).toBeUndefined();
});

test('it outlives the connection: binding changes nothing that the PDP is told', () => {
  const cache = createDecisionCache();
  const { authority } = withSession();
  const { session: bound } = authority.bind(ID, { connection: 'one' }, T0);
  cache.put(bound, 'question', CACHED);
  authority.release('one', T0);
  const { session: resumed } = authority.bind(ID, { connection: 'another' }, T0);
  expect(cache.get(resumed, 'question', 'r1', T0)).toBe(CACHED);
});

test('another generation has none of it, even where the context comes back [I3]', () => {
  const cache = createDecisionCache();
  const { authority, session } = withSession();
  cache.put(session, 'question', CACHED);
  const suspend = (current: boolean, atMs: number): Session => {
    authority.apply(
      {
        id: `order-${atMs}`,
        source: { issuer: 'admin', id: String(atMs) },
        subject: { session: { id: ID } },
        change: { kind: 'suspension', current },
        occurredAtMs: atMs,
        receivedAtMs: atMs,
      },
      atMs,
    );
    return authority.live(ID, atMs);
  };
  const changed = suspend(true, T0 + 1);
  const back = suspend(false, T0 + 2);
  expect(back.contextHash).toEqual(session.contextHash);
  expect(cache.get(changed, 'question', 'r1', T0)).toBeUndefined();
  expect(cache.get(back, 'question', 'r1', T0)).toBeUndefined();
});

test('another session has none of it, even where its token has the same bytes', () => {
  const cache = createDecisionCache();
  cache.put(SESSION, 'question', CACHED);
  expect(cache.get({ token: mint() }, 'question', 'r1', T0)).toBeUndefined();
});

test('other policies have none of it', () => {
  const cache = createDecisionCache();
  cache.put(SESSION, 'question', CACHED);
  expect(cache.get(SESSION, 'question', 'r2', T0)).toBeUndefined();
});

test('it is kept as long as the decision says, and no longer', () => {
  const cache = createDecisionCache();
  const cached = { ...CACHED, decision: { ...DECISION, expiresAtMs: T0 + 1_000 } };
  cache.put(SESSION, 'question', cached);
  expect(cache.get(SESSION, 'question', 'r1', T0 + 999)).toBe(cached);
  expect(cache.get(SESSION, 'question', 'r1', T0 + 1_000)).toBeUndefined();
});
