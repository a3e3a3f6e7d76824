import { describe, expect, it } from 'vitest';
import {
  ABOUT_ALICE,
  ceiling,
  credential,
  device,
  IDP,
  REVOKED,
  risk,
  signalOf,
  suspension,
  T0,
} from '../../test/fixture.ts';
import { factExpiryMs, factOf, matterOf, newerFact, severityOf } from './fact.ts';
import type { Signal, SignalChange } from './signal.ts';

const MDM = { issuer: 'https://mdm.example', id: 'jti' };
const DAYS_30_MS = 2_592_000_000;
const newer = (one: Signal, other: Signal): string => newerFact(factOf(one), factOf(other)).id;

describe('factOf', () => {
  it('keeps no words for people', () => {
    expect(factOf(signalOf(REVOKED, T0, { reason: 'odd' }))).not.toHaveProperty('reason');
  });

  it('keeps ids that a context can hold', () => {
    expect(factOf(signalOf(suspension(true), T0, { id: 'a\ud800' })).id).toBe('a\ufffd');
  });

  it('takes what lies in the future as of its receipt, and believes a clock that is a little ahead', () => {
    const ahead = factOf(signalOf(REVOKED, T0, { occurredAtMs: T0 + 9, sourceTimeMs: T0 + 300_000 }));
    expect([ahead.occurredAtMs, ahead.sourceTimeMs]).toEqual([T0, T0 + 300_000]);
    expect(factOf(signalOf(REVOKED, T0, { sourceTimeMs: T0 + 300_001 })).sourceTimeMs).toBe(T0);
    expect(factOf(signalOf(REVOKED, T0, { sourceTimeMs: Number.POSITIVE_INFINITY })).sourceTimeMs).toBe(T0);
    expect(factOf(signalOf(REVOKED, T0, { occurredAtMs: Number.NaN })).occurredAtMs).toBe(T0);
  });
});

describe('newerFact', () => {
  const high = signalOf(risk('HIGH'), T0, { id: 'high' });
  it.each<[string, Signal, string]>([
    ['the later event', signalOf(risk('LOW'), T0 + 1, { id: 'low', receivedAtMs: T0 + 9 }), 'low'],
    [
      'of the same time the later receipt',
      signalOf(risk('LOW'), T0, { id: 'low', receivedAtMs: T0 + 1 }),
      'low',
    ],
    ['of the same times the more severe', signalOf(risk('LOW'), T0, { id: 'low' }), 'high'],
    [
      'of the same in all that counts always the same',
      signalOf(risk('HIGH'), T0, { id: 'highest' }),
      'highest',
    ],
  ])('is %s, in whatever order they come', (_, other, expected) => {
    expect([newer(high, other), newer(other, high)]).toEqual([expected, expected]);
  });

  it('keeps all that either of two cut-offs cut off', () => {
    const early = factOf(signalOf(REVOKED, T0, { sourceTimeMs: T0 + 20_000 }));
    const late = factOf(signalOf(REVOKED, T0 + 5));
    for (const fact of [newerFact(early, late), newerFact(late, early)]) {
      expect([fact.occurredAtMs, fact.sourceTimeMs]).toEqual([T0 + 5, T0 + 20_000]);
    }
  });
});

describe('factExpiryMs', () => {
  it.each<[SignalChange, number | undefined]>([
    [REVOKED, T0 + DAYS_30_MS],
    [risk('HIGH'), T0 + DAYS_30_MS],
    [ceiling('a'), undefined],
    [ceiling(), T0 + DAYS_30_MS],
    [suspension(true), undefined],
    [suspension(false), T0 + DAYS_30_MS],
  ])('of %j is %s', (change, expected) => {
    expect(factExpiryMs(factOf(signalOf(change, T0)))).toBe(expected);
  });
});

const matter = (change: SignalChange, parts: Partial<Signal> = {}): string =>
  matterOf(signalOf(change, T0, parts));

describe('matterOf', () => {
  it.each<[string, SignalChange, SignalChange]>([
    ['a ceiling and its end', ceiling('a'), ceiling()],
    ['an order and its end', suspension(true), suspension(false)],
    ['two levels of risk', risk('LOW'), risk('HIGH')],
    ['what a device is and is not', device('compliant'), device('not-compliant')],
  ])('is one for %s', (_, one, other) => {
    expect(matter(one)).toBe(matter(other));
  });

  it.each<[string, SignalChange, SignalChange, Partial<Signal>]>([
    ['two sources', risk('LOW'), risk('LOW'), { source: MDM }],
    ['two subjects', suspension(true), suspension(true), { subject: { actor: { id: 'copilot' } } }],
    [
      'a person, and that person with one agent',
      suspension(true),
      suspension(true),
      { subject: { ...ABOUT_ALICE, actor: { id: 'copilot' } } },
    ],
    [
      'a person, and that person in a tenant',
      suspension(true),
      suspension(true),
      { subject: { ...ABOUT_ALICE, tenant: { id: 't', issuers: [IDP] } } },
    ],
    ['a cut-off and a credential that is added', credential('revoke'), credential('create'), {}],
    ['a suspension and a cut-off', suspension(true), REVOKED, {}],
  ])('is another one for %s', (_, one, other, parts) => {
    expect(matter(one)).not.toBe(matter(other, parts));
  });
});

it('orders what is said from the harmless to the grave', () => {
  const all = [
    risk('LOW'),
    risk('MEDIUM'),
    risk('HIGH'),
    suspension(false),
    suspension(true),
    ceiling(),
    ceiling('a'),
  ];
  expect(all.map((change) => severityOf({ change }))).toEqual([0, 1, 2, 0, 1, 0, 1]);
});
