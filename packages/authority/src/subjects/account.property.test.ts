import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { ABOUT_ALICE, ALICE, IDP, idOf, signalOf, T0 } from '../../test/fixture.ts';
import type { Signal, SignalChange } from './signal.ts';
import type { Standing } from './standing.ts';
import { createSubjectFacts } from './subject-facts.ts';

const change: fc.Arbitrary<SignalChange> = fc.oneof(
  fc.record({
    kind: fc.constant('account' as const),
    current: fc.constantFrom('enabled' as const, 'disabled' as const, 'purged' as const),
  }),
  fc.record({
    kind: fc.constant('token-claims-change' as const),
    name: fc.constantFrom('role', 'dept', '__proto__'),
    value: fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value))),
  }),
  fc.record(
    {
      kind: fc.constant('assurance-level-change' as const),
      namespace: fc.constantFrom('NIST-AAL', 'own'),
      current: fc.constantFrom('1', '2'),
      direction: fc.constantFrom('increase' as const, 'decrease' as const),
    },
    { requiredKeys: ['kind', 'namespace', 'current'] },
  ),
  fc.record({
    kind: fc.constantFrom(
      'credential-change-required' as const,
      'recovery-activated' as const,
      'recovery-information-changed' as const,
      'profile-change' as const,
    ),
  }),
  fc.record({
    kind: fc.constant('credential-change' as const),
    credentialType: fc.constant('password'),
    changeType: fc.constantFrom('create' as const, 'revoke' as const),
  }),
);

/** Few moments and sources, so that they meet; each has an id of its own. */
const history = fc
  .array(
    fc.record({
      change,
      atMs: fc.integer({ min: T0, max: T0 + 3 }),
      delayMs: fc.integer({ min: 0, max: 2 }),
      issuer: fc.constantFrom(IDP, 'https://mdm.example'),
    }),
    { maxLength: 12 },
  )
  .map((all) =>
    all.map(({ change: what, atMs, delayMs, issuer }, index) =>
      signalOf(what, atMs, {
        id: `signal-${index}`,
        receivedAtMs: atMs + delayMs,
        source: { issuer, id: `jti-${index}` },
      }),
    ),
  );

function standingAfter(signals: readonly Signal[]): Standing {
  const facts = createSubjectFacts();
  for (const signal of signals) facts.remember(signal, T0 + 10);
  return facts.standingOf({ subject: ALICE, actor: { id: 'copilot' }, session: idOf(1) }, undefined);
}

test.prop(
  [
    history.chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc
          .tuple(
            fc.shuffledSubarray(all, { minLength: all.length }),
            all.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...all), { maxLength: 6 }),
          )
          .map(([order, again]) => [...order, ...again]),
      ),
    ),
  ],
  { numRuns: 300 },
)(
  'whatever the order in which signals arrive, and however often, the standing is the same',
  ([all, other]) => {
    expect(standingAfter(other)).toEqual(standingAfter(all));
  },
);

test.prop([history], { numRuns: 100 })('what was purged stays purged, whatever is said besides', (all) => {
  const purged = signalOf({ kind: 'account', current: 'purged' }, T0, { id: 'purged', subject: ABOUT_ALICE });
  for (const signals of [
    [purged, ...all],
    [...all, purged],
  ]) {
    expect(standingAfter(signals).suspensions.some(({ kind }) => kind === 'account')).toBe(true);
  }
});
