import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  ABOUT_ALICE,
  ALICE,
  credential,
  device,
  IDP,
  idOf,
  REVOKED,
  risk,
  signalOf,
  T0,
} from '../../test/fixture.ts';
import type { Attributes, Subject } from '../context.ts';
import { isCutOff } from './fact.ts';
import type { Signal, SignalChange } from './signal.ts';
import { createSubjectFacts, isCutOffBy, type SubjectFacts } from './subject-facts.ts';
import type { Party } from './subject-match.ts';

const MDM = { issuer: 'https://mdm.example', id: 'jti' };
const DAYS_30_MS = 2_592_000_000;

function factsOf(...signals: readonly Signal[]): SubjectFacts {
  const facts = createSubjectFacts();
  for (const signal of signals) facts.remember(signal, T0);
  return facts;
}
/** Someone's first session, of the agent `copilot`. */
const partyOf = (subject: Subject): Party => ({ subject, actor: { id: 'copilot' }, session: idOf(1) });
const attributesIn = (facts: SubjectFacts, subject: Subject): Attributes =>
  facts.standingOf(partyOf(subject), undefined).attributes;
const cutOffIn = (facts: SubjectFacts, subject: Subject): string | undefined =>
  facts.cutOffOf(partyOf(subject), true, T0);
const lowReceivedAt = (receivedAtMs: number): Signal => signalOf(risk('LOW'), T0, { receivedAtMs });
const aboutEmail = (email: string, ...issuers: readonly string[]): Partial<Signal> => ({
  subject: { user: { by: 'email', email, issuers } },
});
const aboutDevice = (id: string, current: 'compliant' | 'not-compliant'): Signal =>
  signalOf(device(current), T0, { subject: { ...ABOUT_ALICE, device: { id, issuers: [IDP] } } });
const attributesAfter = (...signals: readonly Signal[]): Attributes =>
  attributesIn(factsOf(...signals), ALICE);

describe('isCutOff', () => {
  it.each<[SignalChange, boolean]>([
    [REVOKED, true],
    [credential('revoke'), true],
    [credential('delete'), true],
    [credential('create'), false],
    [credential('update'), false],
    [device('not-compliant'), false],
    [risk('HIGH'), false],
  ])('%j: %s', (change, expected) => {
    expect(isCutOff({ change })).toBe(expected);
  });
});

describe('isCutOffBy', () => {
  it.each([
    ['before the event', -1, true],
    ['at the time of the event', 0, true],
    ['after the event', 1, false],
  ])('a sign-in %s', (_, offsetMs, expected) => {
    expect(isCutOffBy(signalOf(REVOKED, T0), partyOf({ ...ALICE, signedInAtMs: T0 + offsetMs }), T0)).toBe(
      expected,
    );
  });

  it('does not concern another subject', () => {
    expect(isCutOffBy(signalOf(REVOKED, T0), partyOf({ ...ALICE, sub: 'bob' }), T0)).toBe(false);
  });
});

describe('attributes', () => {
  it('is empty where nothing was said, and where only a cut-off was', () => {
    expect(attributesAfter()).toEqual({});
    expect(attributesAfter(signalOf(REVOKED, T0))).toEqual({});
  });

  it('takes the newer level, up and down', () => {
    expect(attributesAfter(signalOf(risk('HIGH'), 1), signalOf(risk('LOW'), 2))).toEqual({
      riskLevel: 'LOW',
    });
    expect(attributesAfter(signalOf(risk('LOW'), 1), signalOf(risk('HIGH'), 2))).toEqual({
      riskLevel: 'HIGH',
    });
  });

  it('does not let an older LOW that arrives late undo a HIGH', () => {
    expect(attributesAfter(signalOf(risk('HIGH'), 2), signalOf(risk('LOW'), 1))).toEqual({
      riskLevel: 'HIGH',
    });
  });

  it('lets the later receipt decide between events of the same time, and then severity', () => {
    const high = signalOf(risk('HIGH'), T0, { receivedAtMs: T0 + 10 });
    expect(attributesAfter(lowReceivedAt(T0 + 11), high)).toEqual({ riskLevel: 'LOW' });
    expect(attributesAfter(lowReceivedAt(T0 + 9), high)).toEqual({ riskLevel: 'HIGH' });
    expect(attributesAfter(high, lowReceivedAt(T0 + 10))).toEqual({ riskLevel: 'HIGH' });
    expect(attributesAfter(lowReceivedAt(T0 + 10), high)).toEqual({ riskLevel: 'HIGH' });
  });

  it('takes the most severe of several principals', () => {
    const signals = [signalOf(risk('HIGH', 'DEVICE'), 1), signalOf(risk('LOW', 'USER'), 2)];
    expect(attributesAfter(...signals)).toEqual({ riskLevel: 'HIGH' });
  });

  it('does not let one source take back what another one said', () => {
    const high = signalOf(risk('HIGH'), 1);
    const low = signalOf(risk('LOW'), 2, { source: MDM });
    expect(attributesAfter(high, low)).toEqual({ riskLevel: 'HIGH' });
    const bad = signalOf(device('not-compliant'), 1, { source: MDM });
    const good = signalOf(device('compliant'), 2);
    expect(attributesAfter(bad, good)).toEqual({ deviceCompliant: false });
    expect(attributesAfter(bad, signalOf(device('compliant'), 2, { source: MDM }))).toEqual({
      deviceCompliant: true,
    });
  });

  it('lets a source take back what it said in another spelling of the subject', () => {
    const subject = { ...ALICE, email: 'alice@example.com' };
    const facts = factsOf(
      signalOf(risk('HIGH'), 1, aboutEmail('Alice@Example.com', IDP, 'https://b.example')),
      signalOf(risk('LOW'), 2, aboutEmail('alice@example.com', 'https://b.example', IDP)),
    );
    expect(attributesIn(facts, subject)).toEqual({ riskLevel: 'LOW' });
    expect(facts.size).toBe(1);
  });

  it('keeps the compliance of two devices apart, and takes the worse for a subject without a device', () => {
    const facts = factsOf(aboutDevice('laptop', 'compliant'), aboutDevice('phone', 'not-compliant'));
    expect(attributesIn(facts, { ...ALICE, deviceId: 'laptop' })).toEqual({ deviceCompliant: true });
    expect(attributesIn(facts, { ...ALICE, deviceId: 'phone' })).toEqual({ deviceCompliant: false });
    expect(attributesIn(facts, ALICE)).toEqual({ deviceCompliant: false });
  });

  it('has the time of the last change of a credential, also of one that ended sessions', () => {
    expect(attributesAfter(signalOf(credential('update'), 5), signalOf(credential('create'), 3))).toEqual({
      credentialChangedAtMs: 5,
    });
    const revoked = [signalOf(credential('create'), 3), signalOf(credential('revoke'), 7)];
    expect(attributesAfter(...revoked, signalOf(REVOKED, 9))).toEqual({ credentialChangedAtMs: 7 });
  });

  it('does not give one subject what was said of another', () => {
    const facts = factsOf(signalOf(risk('HIGH'), T0));
    expect(attributesIn(facts, { ...ALICE, sub: 'bob' })).toEqual({});
    expect(attributesIn(facts, { ...ALICE, issuer: 'https://other.example' })).toEqual({});
  });
});

describe('cutOffOf', () => {
  it('names the signal that ended the sign-in', () => {
    const facts = factsOf(signalOf(REVOKED, T0, { id: 'the-one' }));
    expect(cutOffIn(facts, ALICE)).toBe('the-one');
    expect(cutOffIn(facts, { ...ALICE, signedInAtMs: T0 })).toBe('the-one');
    expect(cutOffIn(facts, { ...ALICE, signedInAtMs: T0 + 1 })).toBeUndefined();
    expect(cutOffIn(facts, { ...ALICE, sub: 'bob' })).toBeUndefined();
  });

  it('keeps the latest cut-off, and no older one takes its place', () => {
    const facts = factsOf(signalOf(REVOKED, T0), signalOf(REVOKED, T0 - 1_000));
    expect(cutOffIn(facts, { ...ALICE, signedInAtMs: T0 })).toBe(`session-revoked@${T0}`);
  });

  it('is not taken back by a credential that is added later', () => {
    const facts = factsOf(signalOf(credential('revoke'), T0), signalOf(credential('create'), T0 + 1));
    expect(cutOffIn(facts, ALICE)).toBe(`credential-change@${T0}`);
  });

  it('of one IdP session spares the others, but not a sign-in whose session is not known', () => {
    const subject = { ...ABOUT_ALICE, idpSession: { id: 'sid-1', issuers: [IDP] } };
    const facts = factsOf(signalOf(REVOKED, T0, { subject }));
    expect(cutOffIn(facts, { ...ALICE, idpSessionId: 'sid-1' })).toBe(`session-revoked@${T0}`);
    expect(cutOffIn(facts, { ...ALICE, idpSessionId: 'sid-2' })).toBeUndefined();
    expect(cutOffIn(facts, ALICE)).toBe(`session-revoked@${T0}`);
  });
});

describe('remember', () => {
  it('keeps one fact of a matter, however often and under however many names it comes', () => {
    const subject = { user: { by: 'opaque' as const, id: 'alice', issuers: [IDP, 'https://b.example'] } };
    const facts = createSubjectFacts();
    for (let i = 0; i < 10; i++) facts.remember(signalOf(risk('HIGH'), T0 + i, { subject }), T0);
    expect(facts.size).toBe(1);
    expect(attributesIn(facts, { ...ALICE, issuer: 'https://b.example' })).toEqual({ riskLevel: 'HIGH' });
  });

  it('forgets a fact 30 days after it was renewed, and not before', () => {
    const facts = createSubjectFacts();
    const other = (nowMs: number): void => {
      const subject = { user: { by: 'iss-sub' as const, issuer: IDP, sub: 'bob' } };
      facts.remember(signalOf(risk('LOW'), nowMs, { subject }), nowMs);
    };
    facts.remember(signalOf(REVOKED, T0), T0);
    facts.remember(signalOf(risk('HIGH'), T0), T0);
    facts.remember(signalOf(risk('HIGH'), T0 + 10), T0 + 10);
    other(T0 + DAYS_30_MS - 1);
    other(Number.NaN);
    expect(cutOffIn(facts, ALICE)).toBe(`session-revoked@${T0}`);
    other(T0 + DAYS_30_MS);
    expect(cutOffIn(facts, ALICE)).toBeUndefined();
    expect(attributesIn(facts, ALICE)).toEqual({ riskLevel: 'HIGH' });
    other(T0 + DAYS_30_MS + 10);
    expect(attributesIn(facts, ALICE)).toEqual({});
    expect(facts.size).toBe(1);
  });
});

const change: fc.Arbitrary<SignalChange> = fc.oneof(
  fc.constant(REVOKED),
  fc.constantFrom('create', 'revoke', 'update', 'delete').map(credential),
  fc.constantFrom('compliant', 'not-compliant').map(device),
  fc
    .tuple(fc.constantFrom('LOW', 'MEDIUM', 'HIGH'), fc.constantFrom('USER', 'DEVICE'))
    .map(([level, principal]) => risk(level, principal)),
);
const signal: fc.Arbitrary<Signal> = fc
  .tuple(change, fc.nat({ max: 3 }), fc.nat({ max: 2 }), fc.constantFrom(IDP, MDM.issuer))
  .map(([what, atMs, delayMs, issuer]) =>
    signalOf(what, T0 + atMs, {
      receivedAtMs: T0 + atMs + delayMs,
      source: { issuer, id: 'jti' },
    }),
  );
const twoOrders = fc.array(signal, { maxLength: 10 }).chain((signals) =>
  fc.tuple(
    fc.constant(signals),
    // Another order, in which some arrive twice.
    fc
      .tuple(fc.shuffledSubarray(signals, { minLength: signals.length }), fc.subarray(signals))
      .map(([all, again]) => [...all, ...again]),
  ),
);

propertyTest.prop([twoOrders, fc.nat({ max: 5 })])(
  'the order of arrival makes no difference, and neither does a second arrival',
  ([signals, shuffled], signedInAfterMs) => {
    const subject = { ...ALICE, signedInAtMs: T0 + signedInAfterMs };
    const [one, other] = [factsOf(...signals), factsOf(...shuffled)];
    expect(attributesIn(other, subject)).toEqual(attributesIn(one, subject));
    expect(cutOffIn(other, subject) === undefined).toBe(cutOffIn(one, subject) === undefined);
    expect(other.size).toBe(one.size);
  },
);

propertyTest.prop([fc.array(signal, { maxLength: 10 })])('no signal undoes a cut-off', (signals) => {
  const cutOff = signalOf(REVOKED, T0 + 2);
  const subject = { ...ALICE, signedInAtMs: T0 + 2 };
  expect(cutOffIn(factsOf(cutOff, ...signals), subject)).toBeDefined();
  expect(cutOffIn(factsOf(...signals, cutOff), subject)).toBeDefined();
});
