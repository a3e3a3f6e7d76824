import type { Session } from '@rta/authority';
import type { JsonObject } from '@rta/core';
import type { Decision } from '@rta/pdp';
import type { StepUp } from '@rta/protocol';
import { describe, expect, test } from 'vitest';
import { openSession, startAuthority, T0 } from '../../test/authority-fixture.ts';
import { type Duties, dutiesOf, satisfies, stepUpAfter } from './obligations.ts';

interface Obligation {
  readonly type: string;
  readonly properties?: JsonObject;
}

const NO_DUTIES: Duties = {
  notices: [],
  stepUp: undefined,
  needsApproval: false,
  endsSession: false,
  forwarded: [],
  unknown: [],
};

/** The duties of a permit with these obligations, each of a policy of its own. */
function duties(obligations: readonly Obligation[], forwarded: readonly string[] = []): Duties {
  const decision: Decision = {
    effect: 'permit',
    cause: 'policy',
    reasons: [],
    obligations: obligations.map(({ type, properties = {} }, at) => ({ id: `p${at + 1}`, type, properties })),
    revision: 'r1',
  };
  return dutiesOf(decision, new Set(forwarded));
}

const stepUp = (properties: JsonObject): Obligation => ({ type: 'step-up', properties });

describe('the obligations of a decision', () => {
  test('are no duties where there are none', () => {
    expect(duties([])).toEqual(NO_DUTIES);
  });

  test('are sorted by what is to be done', () => {
    expect(
      duties([{ type: 'notify' }, { type: 'approval' }, { type: 'end-session' }, { type: 'notify' }]),
    ).toEqual({ ...NO_DUTIES, notices: ['p1', 'p4'], needsApproval: true, endsSession: true });
  });

  test('are left to the enforcement point where it is known to fulfil them, properties and all', () => {
    const watermark = { type: 'watermark', properties: { text: 'draft' } };
    expect(duties([watermark], ['watermark'])).toEqual({
      ...NO_DUTIES,
      forwarded: [{ id: 'p1', ...watermark }],
    });
  });

  test.each([['watermark'], ['Notify'], ['notify '], ['notify approval'], ['__proto__'], ['']])(
    'are unknown where nobody fulfils them: %j',
    (type) => {
      expect(duties([{ type }], ['redact'])).toEqual({ ...NO_DUTIES, unknown: [type] });
    },
  );

  test('are done by the server also where enforcement points claim to fulfil them', () => {
    expect(duties([{ type: 'approval' }], ['approval'])).toEqual({ ...NO_DUTIES, needsApproval: true });
  });
});

describe('a step-up', () => {
  test.each<[string, JsonObject, StepUp]>([
    ['classes', { acr_values: 'phr phrh' }, { acrValues: ['phr', 'phrh'] }],
    ['classes with more spaces than one', { acr_values: ' phr  phrh ' }, { acrValues: ['phr', 'phrh'] }],
    ['an age', { max_age: '300' }, { maxAgeS: 300 }],
    ['an age as a number', { max_age: 300 }, { maxAgeS: 300 }],
    ['no age at all', { max_age: '0' }, { maxAgeS: 0 }],
    ['both', { acr_values: 'phr', max_age: '300' }, { acrValues: ['phr'], maxAgeS: 300 }],
    ['more than it knows', { acr_values: 'phr', reason: 'money' }, { acrValues: ['phr'] }],
  ])('asks for %s', (_, properties, asked) => {
    expect(duties([stepUp(properties)])).toEqual({ ...NO_DUTIES, stepUp: asked });
  });

  test.each<[string, JsonObject]>([
    ['nothing', {}],
    ['no class', { acr_values: '' }],
    ['classes that are a list', { acr_values: ['phr'] }],
    ['classes that are a number', { acr_values: 1, max_age: '300' }],
    ['an empty age', { max_age: '' }],
    ['an age of spaces', { max_age: ' ' }],
    ['an age that is nothing', { max_age: null }],
    ['an age that is true', { max_age: true }],
    ['an age that is a list', { max_age: ['300'] }],
    ['an age below 0', { max_age: '-1' }],
    ['an age in parts', { max_age: '1.5' }],
    ['an age with a unit', { max_age: '5m' }],
    ['an age in another base', { max_age: '0x10' }],
    ['an age with an exponent', { max_age: '1e3' }],
    ['an age beyond all numbers', { max_age: '9007199254740993' }],
    ['a good class and an age that makes no sense', { acr_values: 'phr', max_age: 'soon' }],
  ])('is unknown where it asks for %s', (_, properties) => {
    expect(duties([stepUp(properties)])).toEqual({ ...NO_DUTIES, unknown: ['step-up'] });
  });

  test.each<[string, readonly JsonObject[], StepUp]>([
    ['the classes that both take', [{ acr_values: 'a b' }, { acr_values: 'b c' }], { acrValues: ['b'] }],
    [
      'nothing that there is, where none would take the other',
      [{ acr_values: 'a' }, { acr_values: 'b' }],
      { acrValues: [] },
    ],
    ['the shorter age', [{ max_age: '60' }, { max_age: '300' }], { maxAgeS: 60 }],
    [
      'what either says',
      [{ acr_values: 'a' }, { max_age: '60' }, { max_age: '30' }],
      { acrValues: ['a'], maxAgeS: 30 },
    ],
  ])('of several policies asks for %s', (_, asked, together) => {
    expect(duties(asked.map(stepUp)).stepUp).toEqual(together);
    expect(duties(asked.toReversed().map(stepUp)).stepUp).toEqual(together);
  });

  test('of one policy stands beside one that makes no sense', () => {
    expect(duties([stepUp({ max_age: '60' }), stepUp({})])).toEqual({
      ...NO_DUTIES,
      stepUp: { maxAgeS: 60 },
      unknown: ['step-up'],
    });
  });
});

describe('a sign-in', () => {
  // A minute ago.
  const opened = openSession(startAuthority(), 1);
  const { signedInAtMs } = opened.subject;
  const session: Session = { ...opened, subject: { ...opened.subject, authTimeMs: signedInAtMs } };
  const withAcr = (acr: string): Session => ({ ...session, subject: { ...session.subject, acr } });

  test.each<[boolean, string, Session, StepUp]>([
    [true, 'is of a class that is asked for', withAcr('phr'), { acrValues: ['phrh', 'phr'] }],
    [false, 'is of another class', withAcr('pwd'), { acrValues: ['phr'] }],
    [false, 'is of a class that only begins like it', withAcr('phr'), { acrValues: ['phrh'] }],
    [false, 'is of no class', session, { acrValues: ['phr'] }],
    [false, 'is of a class where none would do', withAcr('phr'), { acrValues: [] }],
    [true, 'is as old as it may be', session, { maxAgeS: 60 }],
    [false, 'is older', session, { maxAgeS: 59 }],
    [false, 'is of a time that nobody told', opened, { maxAgeS: 60 }],
    [false, 'is good, and older', withAcr('phr'), { acrValues: ['phr'], maxAgeS: 59 }],
  ])('does: %s, where it %s', (does, _, signedIn, asked) => {
    expect(satisfies(signedIn, asked, T0)).toBe(does);
  });
});

describe('a lower assurance', () => {
  test('asks for a sign-in that is later, to the second', () => {
    const lowered = { assuranceLoweredAtMs: T0 - 10_500 };
    expect(stepUpAfter(lowered, T0)).toEqual({ maxAgeS: 10 });
    expect(satisfies({ subject: { authTimeMs: T0 - 10_501 } }, { maxAgeS: 10 }, T0)).toBe(false);
    expect(satisfies({ subject: { authTimeMs: T0 - 10_000 } }, { maxAgeS: 10 }, T0)).toBe(true);
  });

  test('asks for one now where the clock was set back, and for nothing where nothing was lowered', () => {
    expect(stepUpAfter({ assuranceLoweredAtMs: T0 + 1 }, T0)).toEqual({ maxAgeS: 0 });
    expect(stepUpAfter({}, T0)).toBe(undefined);
  });
});
