import { DECISION_CAUSES, type DecisionMessage } from '@rta/protocol';
import { describe, expect, test } from 'vitest';
import { DENIAL_REMEDIES, denialError, readDecision } from './action-decision.ts';

const NOW_MS = 1_767_225_600_000;
const PERMIT: DecisionMessage = { effect: 'permit', cause: 'policy', generation: 3 };
const OBLIGATION = { id: 'o-1', type: 'watermark', properties: {} };

describe('a permit', () => {
  test('is one until its time', () => {
    expect(
      readDecision({ ...PERMIT, expiresAtMs: NOW_MS + 1, detail: { reasons: ['read'] } }, NOW_MS),
    ).toEqual({
      permitted: true,
      cause: 'policy',
      reasons: ['read'],
      generation: 3,
      expiresAtMs: NOW_MS + 1,
    });
    expect(readDecision({ ...PERMIT, expiresAtMs: NOW_MS }, NOW_MS)).toEqual({
      permitted: false,
      cause: 'expired',
      reasons: [],
      generation: 3,
      expiresAtMs: NOW_MS,
    });
  });

  test('with an obligation is a denial [P-6.11]', () => {
    expect(readDecision({ ...PERMIT, detail: { obligations: [OBLIGATION] } }, NOW_MS)).toEqual({
      permitted: false,
      cause: 'obligation',
      reasons: [],
      generation: 3,
    });
  });
});

describe('a denial', () => {
  test('says how to sign in, where that helps', () => {
    const stepUp = { acrValues: ['phr'], maxAgeS: 60 };
    expect(
      readDecision(
        { effect: 'deny', cause: 'step-up-required', generation: 3, detail: { stepUp, reasons: ['pay'] } },
        NOW_MS,
      ),
    ).toEqual({ permitted: false, cause: 'step-up-required', stepUp, reasons: ['pay'], generation: 3 });
  });

  test('says what waits for approval, where something does', () => {
    const approval = { id: 'a-1', expiresAtMs: NOW_MS };
    expect(
      readDecision(
        { effect: 'deny', cause: 'approval-required', generation: 3, detail: { approval } },
        NOW_MS,
      ),
    ).toEqual({ permitted: false, cause: 'approval-required', approval, reasons: [], generation: 3 });
  });

  test.each(['step-up-required', 'approval-required'] as const)(
    'for %s that does not say more is not rta/1',
    (cause) => {
      expect(() => readDecision({ effect: 'deny', cause, generation: 3 }, NOW_MS)).toThrow(
        expect.objectContaining({ code: 'RTA_SDK_PROTOCOL' }),
      );
    },
  );

  test.each([
    'policy',
    'session-suspended',
    'budget-exhausted',
    'approval-refused',
    'obligation-unknown',
  ] as const)('for %s stays one, whatever else it brings', (cause) => {
    const detail = { obligations: [OBLIGATION] };
    expect(readDecision({ effect: 'deny', cause, generation: 3, expiresAtMs: 1, detail }, NOW_MS)).toEqual({
      permitted: false,
      cause,
      reasons: [],
      generation: 3,
      expiresAtMs: 1,
    });
  });
});

describe('a denial as an error', () => {
  const denied = { permitted: false, reasons: ['p-1'], generation: 3 } as const;

  test('says what to do next', () => {
    expect(denialError('mail.send', { ...denied, cause: 'session-suspended' })).toMatchObject({
      code: 'RTA_SDK_DENIED',
      message:
        'mail.send was denied: session-suspended; keep still: the session goes on by itself, and tells by `resumed`',
      details: { cause: 'session-suspended', reasons: ['p-1'] },
    });
  });

  test('has how to sign in, and what waits for approval', () => {
    const stepUp = { acrValues: ['phr'], maxAgeS: 60 };
    expect(denialError('pay', { ...denied, cause: 'step-up-required', stepUp })).toMatchObject({
      details: { cause: 'step-up-required', acrValues: ['phr'], maxAgeS: 60 },
    });
    const approval = { id: 'a-1', expiresAtMs: NOW_MS };
    expect(denialError('pay', { ...denied, cause: 'approval-required', approval })).toMatchObject({
      details: { cause: 'approval-required', approval: 'a-1' },
    });
  });

  test('knows a way on from every cause that a server has', () => {
    expect(DECISION_CAUSES.filter((cause) => DENIAL_REMEDIES[cause].length < 10)).toEqual([]);
  });
});
