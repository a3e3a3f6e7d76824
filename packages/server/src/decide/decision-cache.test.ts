import { openSession, type Session, step } from '@rta/authority';
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
const CAUSE = { kind: 'risk-level-change', change: 'c1' };

/** As the keys of a node do it: no two tokens are one. */
const mint = (): Uint8Array => new Uint8Array(96);

const SESSION: Session = openSession(
  {
    id: parseSessionId('AAECAwQFBgcICQoLDA0ODw'),
    parent: undefined,
    depth: 0,
    subject: { issuer: 'https://idp.example', sub: 'alice', signedInAtMs: T0 },
    actors: [],
    publicKey: new Uint8Array(32),
    certificateThumbprint: undefined,
    createdAtMs: T0,
    expiresAtMs: T0 + 60_000,
    ownGrant: { scope: [] },
    inheritedGrant: undefined,
    attributes: {},
    policyRevision: 'r1',
  },
  mint,
);

const next = (session: Session, input: Parameters<typeof step>[1]): Session =>
  step(session, input, T0, mint).session;

test('a decision is found for its question alone', () => {
  const cache = createDecisionCache();
  cache.put(SESSION, 'question', CACHED);
  expect(cache.get(SESSION, 'question', 'r1', T0)).toBe(CACHED);
  expect(cache.get(SESSION, 'another', 'r1', T0)).toBeUndefined();
});

test('it outlives the connection: binding changes nothing that the PDP is told', () => {
  const cache = createDecisionCache();
  const bound = next(SESSION, { kind: 'bind', connection: 'one' });
  cache.put(bound, 'question', CACHED);
  const released = next(bound, { kind: 'release', connection: 'one' });
  const resumed = next(released, { kind: 'bind', connection: 'another' });
  expect(cache.get(resumed, 'question', 'r1', T0)).toBe(CACHED);
});

test('another generation has none of it, even where the context comes back [I3]', () => {
  const cache = createDecisionCache();
  cache.put(SESSION, 'question', CACHED);
  const changed = next(SESSION, { kind: 'change', to: { attributes: { riskLevel: 'HIGH' } }, cause: CAUSE });
  const back = next(changed, { kind: 'change', to: { attributes: {} }, cause: CAUSE });
  expect(back.contextHash).toEqual(SESSION.contextHash);
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
