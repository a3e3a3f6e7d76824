import { fc, test } from '@fast-check/vitest';
import type { JsonObject } from '@rta/core';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import {
  bstr,
  bytes,
  bytes8,
  bytes16,
  hex,
  int,
  list,
  map,
  NULL,
  plain,
  repeat,
  tstr,
  uint,
} from '../test/wire.ts';
import { DECISION_CAUSES, type DecisionMessage, decodeDecision, encodeDecision } from './decision.ts';
import type { StepUp } from './decision-detail.ts';

const TOKEN_96 = repeat('11', 96);
const TOKEN_128 = repeat('22', 128);
const NUMBERS = {
  policy: 0,
  default: 1,
  error: 2,
  timeout: 3,
  'not-granted': 4,
  'stale-token': 5,
  'session-unknown': 6,
  'session-ended': 7,
  'not-bound': 8,
  'view-stale': 9,
  overload: 10,
  'token-invalid': 11,
  'session-suspended': 12,
  'budget-exhausted': 13,
  'step-up-required': 14,
  'approval-required': 15,
  'approval-refused': 16,
  'obligation-unknown': 17,
};
const STEP_UP = map(['stepUp', map(['maxAgeS', int(60)])]);
const APPROVAL = map(['approval', map(['id', tstr('a')], ['expiresAtMs', int(1)])]);

/** What a denial for this cause has to bring. */
const partsOf = (number: number): Parts => ({
  effect: 0,
  cause: number,
  ...(number === NUMBERS['stale-token'] ? { token: TOKEN_96 } : {}),
  ...(number === NUMBERS['step-up-required'] ? { detail: STEP_UP } : {}),
  ...(number === NUMBERS['approval-required'] ? { detail: APPROVAL } : {}),
});

interface Parts {
  readonly effect?: number;
  readonly cause?: number;
  readonly generation?: number;
  readonly expiresAtMs?: bigint;
  readonly token?: string;
  readonly detail?: string;
}

/** A body by hand; each part can be another. */
const body = ({
  effect = 1,
  cause = 0,
  generation = 7,
  expiresAtMs = 0n,
  token = '',
  detail = '',
}: Parts): string =>
  uint(effect, 1) +
  uint(cause, 1) +
  uint(generation, 4) +
  uint(expiresAtMs, 8) +
  bytes8(token) +
  bytes16(detail);

const refusal = (data: string): string => codeOf(() => decodeDecision(bytes(data)));
const permit: DecisionMessage = { effect: 'permit', cause: 'policy', generation: 7 };
const stale: DecisionMessage = {
  effect: 'deny',
  cause: 'stale-token',
  generation: 2,
  token: bytes(TOKEN_96),
};
const stepUp = { acrValues: ['phr'], maxAgeS: 60 };
const withStepUp = (asked: StepUp): DecisionMessage => ({
  effect: 'deny',
  cause: 'step-up-required',
  generation: 2,
  detail: { stepUp: asked },
});
const approval = { id: 'a-1', expiresAtMs: 1_767_225_600_000 };
const obligation = { id: 'log-1', type: 'log', properties: { level: 'high' } };

describe('encodeDecision', () => {
  it('writes effect, cause, generation, expiry, token and detail [P-6.3]', () => {
    expect(hex(encodeDecision(0x0a0b_0c0d, permit))).toBe(
      plain('210000110a0b0c0d 01 00 00000007 0000000000000000 00 0000'),
    );
    expect(
      hex(encodeDecision(1, { ...permit, expiresAtMs: 1_767_225_600_000, detail: { reasons: ['p'] } })),
    ).toBe(
      '2100001d00000001' +
        '01' +
        '00' +
        '00000007' +
        '0000019b76daa800' +
        '00' +
        '000c' +
        'a1' +
        '67726561736f6e73' +
        '81' +
        '6170',
    );
    expect(hex(encodeDecision(1, { ...stale, token: bytes(TOKEN_128) }))).toBe(
      plain(`2100009100000001 00 05 00000002 0000000000000000 80 ${TOKEN_128} 0000`),
    );
  });

  it('keeps the numbers of the causes [P-6.3]', () => {
    expect(Object.fromEntries(DECISION_CAUSES.map((cause, number) => [cause, number]))).toEqual(NUMBERS);
  });

  it.each<[string, DecisionMessage]>([
    ['a permit by default', { ...permit, cause: 'default' }],
    ['a permit in no session', { ...permit, generation: 0 }],
    ['an unknown cause', { ...permit, effect: 'deny', cause: 'other' as 'policy' }],
    ['a generation of 33 bits', { ...permit, generation: 2 ** 32 }],
    ['a negative generation', { ...permit, generation: -1 }],
    ['an expiry of 0, which would mean none', { ...permit, expiresAtMs: 0 }],
    ['an expiry in fractions', { ...permit, expiresAtMs: 0.5 }],
    ['an expiry of 2^53', { ...permit, expiresAtMs: 2 ** 53 }],
    ['a permit with a token', { ...permit, token: bytes(TOKEN_96) }],
    [
      'a stale token without the one that replaces it',
      { effect: 'deny', cause: 'stale-token', generation: 2 },
    ],
    ['a token of 97 bytes', { ...stale, token: new Uint8Array(97) }],
    ['a token of 352 bytes, which is 96 in one byte', { ...stale, token: new Uint8Array(352) }],
    ['129 reasons', { ...permit, detail: { reasons: Array.from({ length: 129 }, () => 'p') } }],
    ['a reason of 1025 bytes', { ...permit, detail: { reasons: ['p'.repeat(1_025)] } }],
    [
      'a detail of more than 16384 bytes',
      { ...permit, detail: { reasons: Array.from({ length: 17 }, () => 'p'.repeat(1_000)) } },
    ],
    [
      'a detail that 16 bits cannot count',
      { ...permit, detail: { obligations: [{ ...obligation, properties: { a: 'a'.repeat(65_600) } }] } },
    ],
    [
      'an obligation with bytes in it',
      {
        ...permit,
        detail: { obligations: [{ ...obligation, properties: { a: bytes('00') } as unknown as JsonObject }] },
      },
    ],
    ['a step-up that does not say how', { effect: 'deny', cause: 'step-up-required', generation: 2 }],
    ['a step-up by policy', { effect: 'deny', cause: 'policy', generation: 2, detail: { stepUp } }],
    ['a permit with a step-up', { ...permit, detail: { stepUp } }],
    ['a step-up in fractions of a second', withStepUp({ maxAgeS: 0.5 })],
    ['a step-up with nothing in it', withStepUp({})],
    ['an approval that is not named', { effect: 'deny', cause: 'approval-required', generation: 2 }],
    [
      'an approval that was refused already',
      { effect: 'deny', cause: 'approval-refused', generation: 2, detail: { approval } },
    ],
    ['a permit with an approval', { ...permit, detail: { approval } }],
    [
      'an approval until no time',
      {
        effect: 'deny',
        cause: 'approval-required',
        generation: 2,
        detail: { approval: { ...approval, expiresAtMs: NaN } },
      },
    ],
  ])('refuses %s before it is sent [P-6.4, P-6.5, P-6.6, P-6.7, P-6.8, P-6.13]', (_, decision) => {
    expect(codeOf(() => encodeDecision(1, decision))).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it('refuses the request id 0 [P-3.5]', () => {
    expect(codeOf(() => encodeDecision(0, permit))).toBe('RTA_PROTOCOL_REQUEST_ID');
  });
});

describe('decodeDecision', () => {
  it('reads every cause of a denial [P-6.3]', () => {
    const causes = Object.entries(NUMBERS).map(([cause, number]) => {
      return [cause, decodeDecision(bytes(body(partsOf(number)))).cause];
    });
    expect(causes.map(([, read]) => read)).toEqual(causes.map(([cause]) => cause));
  });

  it('gives the new token memory of its own', () => {
    const data = bytes(body({ effect: 0, cause: 5, token: TOKEN_96 }));
    const { token } = decodeDecision(data);
    data.fill(0xff);
    expect(hex(token ?? new Uint8Array(0))).toBe(TOKEN_96);
  });

  it('refuses every effect and cause that is not known, in every pair [P-6.4]', () => {
    const read: string[] = [];
    for (let effect = 0; effect < 256; effect++) {
      for (let cause = 0; cause < 256; cause++) {
        if (refusal(body({ ...partsOf(cause), effect })) !== 'RTA_PROTOCOL_MESSAGE')
          read.push(`${effect} ${cause}`);
      }
    }
    // All denials, and of the permits the one by policy.
    expect(read).toEqual([...Array.from({ length: 18 }, (_, cause) => `0 ${cause}`), '1 0']);
  });

  it('refuses a permit in generation 0: there is no session to permit it in [P-6.5]', () => {
    expect(refusal(body({ generation: 0 }))).toBe('RTA_PROTOCOL_MESSAGE');
    expect(decodeDecision(bytes(body({ effect: 0, cause: 6, generation: 0 }))).generation).toBe(0);
  });

  it('refuses a token of every other length than 96 and 128 [P-6.4]', () => {
    const read: number[] = [];
    for (let length = 0; length < 256; length++) {
      const data = body({ effect: 0, cause: 5, token: repeat('11', length) });
      if (refusal(data) !== 'RTA_PROTOCOL_MESSAGE') read.push(length);
    }
    expect(read).toEqual([96, 128]);
  });

  it.each([
    ['a permit with a token', body({ token: TOKEN_96 })],
    ['a denial by policy with a token', body({ effect: 0, token: TOKEN_96 })],
    ['not-bound with a token', body({ effect: 0, cause: 8, token: TOKEN_96 })],
    ['stale-token without a token', body({ effect: 0, cause: 5 })],
  ])('refuses %s [P-6.6]', (_, data) => {
    expect(refusal(data)).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it('reads an expiry of 2^53 − 1 and refuses later ones [P-6.8]', () => {
    expect(decodeDecision(bytes(body({ expiresAtMs: 2n ** 53n - 1n }))).expiresAtMs).toBe(
      9_007_199_254_740_991,
    );
    expect(refusal(body({ expiresAtMs: 2n ** 53n }))).toBe('RTA_PROTOCOL_MESSAGE');
    expect(refusal(body({ expiresAtMs: 2n ** 64n - 1n }))).toBe('RTA_PROTOCOL_MESSAGE');
  });

  const good = map(['id', tstr('a')], ['type', tstr('b')], ['properties', map()]);
  it.each([
    ['a list', list()],
    ['bytes', bstr('')],
    ['null', NULL],
    ['not deterministic', 'a200'],
    ['followed by a byte', `${map()}00`],
    ['a map with a member that is not known', map(['advice', list()])],
    ['a map with reasons and a member that is not known', map(['note', tstr('a')], ['reasons', list()])],
    ['reasons as a text', map(['reasons', tstr('a')])],
    ['reasons as null', map(['reasons', NULL])],
    ['reasons with a number', map(['reasons', list(int(1))])],
    ['reasons with an empty text', map(['reasons', list(tstr(''))])],
    ['reasons with 1025 bytes', map(['reasons', list(tstr('a'.repeat(1_025)))])],
    ['129 reasons', map(['reasons', list(...Array.from({ length: 129 }, () => tstr('a')))])],
    ['obligations as a map', map(['obligations', map()])],
    ['an obligation that is a text', map(['obligations', list(tstr('a'))])],
    ['an obligation that is null', map(['obligations', list(NULL)])],
    [
      'an obligation without an id',
      map(['obligations', list(map(['type', tstr('b')], ['properties', map()]))]),
    ],
    [
      'an obligation without a type',
      map(['obligations', list(map(['id', tstr('a')], ['properties', map()]))]),
    ],
    [
      'an obligation without properties',
      map(['obligations', list(map(['id', tstr('a')], ['type', tstr('b')]))]),
    ],
    [
      'an obligation with an empty type',
      map(['obligations', list(map(['id', tstr('a')], ['type', tstr('')], ['properties', map()]))]),
    ],
    [
      'an obligation with a list of properties',
      map(['obligations', list(map(['id', tstr('a')], ['type', tstr('b')], ['properties', list()]))]),
    ],
    [
      'an obligation with bytes in it',
      map([
        'obligations',
        list(map(['id', tstr('a')], ['type', tstr('b')], ['properties', map(['a', bstr('')])])),
      ]),
    ],
    [
      'an obligation with a member that is not known',
      map([
        'obligations',
        list(map(['id', tstr('a')], ['type', tstr('b')], ['optional', 'f5'], ['properties', map()])),
      ]),
    ],
    ['129 obligations', map(['obligations', list(...Array.from({ length: 129 }, () => good))])],
    [
      '16385 bytes',
      map([
        'reasons',
        list(...Array.from({ length: 127 }, () => tstr('a'.repeat(126))), tstr('a'.repeat(116))),
      ]),
    ],
  ])('refuses a detail that is %s [P-6.7]', (_, detail) => {
    expect(refusal(body({ detail }))).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it.each([
    ['step-up-required without a detail', {}],
    ['step-up-required with an empty detail', { detail: map() }],
    ['step-up-required with an approval', { detail: APPROVAL }],
    ['a step-up that is a text', { detail: map(['stepUp', tstr('phr')]) }],
    ['a step-up that is null', { detail: map(['stepUp', NULL]) }],
    ['a step-up that is empty', { detail: map(['stepUp', map()]) }],
    ['a step-up with classes in one text', { detail: map(['stepUp', map(['acrValues', tstr('a b')])]) }],
    ['a step-up with an empty class', { detail: map(['stepUp', map(['acrValues', list(tstr(''))])]) }],
    ['a step-up of before the question', { detail: map(['stepUp', map(['maxAgeS', int(-1)])]) }],
    ['a step-up with half a second', { detail: map(['stepUp', map(['maxAgeS', 'f93800'])]) }],
    [
      'a step-up with a member that is not known',
      { detail: map(['stepUp', map(['amr', tstr('otp')], ['maxAgeS', int(60)])]) },
    ],
    ['a denial by policy with a step-up', { cause: 0, detail: STEP_UP }],
    ['a permit with a step-up', { effect: 1, cause: 0, detail: STEP_UP }],
    ['approval-required without a detail', { cause: 15 }],
    ['approval-required with a step-up', { cause: 15, detail: STEP_UP }],
    ['an approval that is a text', { cause: 15, detail: map(['approval', tstr('a')]) }],
    ['an approval without an id', { cause: 15, detail: map(['approval', map(['expiresAtMs', int(1)])]) }],
    ['an approval without a time', { cause: 15, detail: map(['approval', map(['id', tstr('a')])]) }],
    [
      'an approval with an empty id',
      { cause: 15, detail: map(['approval', map(['id', tstr('')], ['expiresAtMs', int(1)])]) },
    ],
    [
      'an approval with a member that is not known',
      {
        cause: 15,
        detail: map(['approval', map(['id', tstr('a')], ['url', tstr('a')], ['expiresAtMs', int(1)])]),
      },
    ],
    ['approval-refused with an approval', { cause: 16, detail: APPROVAL }],
    ['session-suspended with an approval', { cause: 12, detail: APPROVAL }],
    ['a permit with an approval', { effect: 1, cause: 0, detail: APPROVAL }],
    [
      'approval-required with both',
      {
        cause: 15,
        detail: map(
          ['stepUp', map(['maxAgeS', int(60)])],
          ['approval', map(['id', tstr('a')], ['expiresAtMs', int(1)])],
        ),
      },
    ],
  ])('refuses %s [P-6.7, P-6.13]', (_, parts) => {
    expect(refusal(body({ effect: 0, cause: 14, ...parts }))).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it('reads how to sign in, and what waits for approval [P-6.13]', () => {
    const asked = map(['stepUp', map(['maxAgeS', int(0)], ['acrValues', list(tstr('phr'), tstr('phrh'))])]);
    expect(decodeDecision(bytes(body({ effect: 0, cause: 14, detail: asked }))).detail).toEqual({
      stepUp: { acrValues: ['phr', 'phrh'], maxAgeS: 0 },
    });
    expect(decodeDecision(bytes(body({ effect: 0, cause: 15, detail: APPROVAL }))).detail).toEqual({
      approval: { id: 'a', expiresAtMs: 1 },
    });
  });

  it('reads a detail of 16384 bytes and an empty one [P-6.7]', () => {
    const largest = map([
      'reasons',
      list(...Array.from({ length: 127 }, () => tstr('a'.repeat(126))), tstr('a'.repeat(115))),
    ]);
    expect(largest.length / 2).toBe(16_384);
    expect(decodeDecision(bytes(body({ detail: largest }))).detail?.reasons).toHaveLength(128);
    expect(decodeDecision(bytes(body({ detail: map() }))).detail).toEqual({});
  });

  it('refuses what follows the end [P-6.4]', () => {
    expect(refusal(`${body({})}00`)).toBe('RTA_PROTOCOL_MESSAGE');
  });
});

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 10 })
  .filter((text) => !text.startsWith('\ufeff'));
const detail = fc.record(
  {
    reasons: fc.array(name, { maxLength: 3 }),
    obligations: fc.array(
      fc.record({ id: name, type: name, properties: fc.record({ level: fc.integer() }) }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: [] },
);
const expiry = { expiresAtMs: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), detail };
/** Causes that bring something along. */
const BRINGING: ReadonlySet<string> = new Set(['stale-token', 'step-up-required', 'approval-required']);
const seconds = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const anyStepUp = fc.oneof(
  fc.record({ acrValues: fc.array(name, { maxLength: 3 }) }),
  fc.record({ maxAgeS: seconds }),
  fc.record({ acrValues: fc.array(name, { maxLength: 3 }), maxAgeS: seconds }),
);
const anyDecision = fc.oneof(
  fc.record({
    effect: fc.constant('deny' as const),
    cause: fc.constant('step-up-required' as const),
    generation: fc.integer({ min: 0, max: 0xffff_ffff }),
    detail: fc.record({ stepUp: anyStepUp }),
  }),
  fc.record({
    effect: fc.constant('deny' as const),
    cause: fc.constant('approval-required' as const),
    generation: fc.integer({ min: 0, max: 0xffff_ffff }),
    detail: fc.record({ approval: fc.record({ id: name, expiresAtMs: seconds }) }),
  }),
  fc.record(
    {
      effect: fc.constant('permit' as const),
      cause: fc.constant('policy' as const),
      generation: fc.integer({ min: 1, max: 0xffff_ffff }),
      ...expiry,
    },
    { requiredKeys: ['effect', 'cause', 'generation'] },
  ),
  fc.record(
    {
      effect: fc.constant('deny' as const),
      cause: fc.constantFrom(...DECISION_CAUSES.filter((cause) => !BRINGING.has(cause))),
      generation: fc.integer({ min: 0, max: 0xffff_ffff }),
      ...expiry,
    },
    { requiredKeys: ['effect', 'cause', 'generation'] },
  ),
  fc.record({
    effect: fc.constant('deny' as const),
    cause: fc.constant('stale-token' as const),
    generation: fc.integer({ min: 0, max: 0xffff_ffff }),
    token: fc
      .constantFrom(96, 128)
      .chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
  }),
);

describe('any decision', () => {
  test.prop([anyDecision, fc.integer({ min: 1, max: 0xffff_ffff })], { numRuns: 200 })(
    'comes out of its frame as it went in [P-6.3]',
    (decision, requestId) => {
      const encoded = encodeDecision(requestId, decision);
      expect(hex(encoded.subarray(4, 8))).toBe(requestId.toString(16).padStart(8, '0'));
      expect(decodeDecision(encoded.subarray(8))).toEqual(decision);
    },
  );

  test.prop([anyDecision], { numRuns: 60 })('is refused when it is cut off anywhere [P-6.4]', (decision) => {
    const encoded = encodeDecision(1, decision).subarray(8);
    const codes = new Set<string>();
    for (let length = 0; length < encoded.byteLength; length++) {
      codes.add(codeOf(() => decodeDecision(encoded.subarray(0, length))));
    }
    expect([...codes]).toEqual(['RTA_PROTOCOL_MESSAGE']);
  });

  test.prop([fc.uint8Array({ maxLength: 64 })], { numRuns: 500 })(
    'that nobody wrote is refused with the code of a bad message, or has these bytes [P-6.4]',
    (noise) => {
      const data = bytes(`0${noise.length % 2}${hex(noise)}`);
      let again: Uint8Array = data;
      const code = codeOf(() => {
        again = encodeDecision(1, decodeDecision(data)).subarray(8);
      });
      expect(['none', 'RTA_PROTOCOL_MESSAGE']).toContain(code);
      expect(hex(again)).toBe(hex(data));
    },
  );
});
