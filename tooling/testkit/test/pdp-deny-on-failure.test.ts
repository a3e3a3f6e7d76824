import { RtaError } from '@rta/core';
import {
  type AccessRequest,
  createStaticPdp,
  type Decision,
  denyOnFailure,
  type PolicyDecisionPoint,
} from '@rta/pdp';
import { describe, expect, test } from 'vitest';
import { createFakeClock, fileRequest } from '../src/index.ts';

const PERMIT: Decision = { effect: 'permit', cause: 'policy', reasons: [], obligations: [], revision: 'v1' };

/** A PDP that permits everything, but for what is overridden, behind a guard on a clock that stands still. */
function guard(overrides: Partial<PolicyDecisionPoint>) {
  const clock = createFakeClock();
  const inner = {
    ...createStaticPdp({ rules: [{ id: 'all', effect: 'permit' }] }),
    revision: 'v1',
    evaluate: () => PERMIT,
    evaluateMany: async (requests: readonly AccessRequest[]) => requests.map(() => PERMIT),
    ...overrides,
  };
  return { clock, pdp: denyOnFailure(inner, { timeoutMs: 100, clock }) };
}

const failed = (cause: string, code: string, message: string) => ({
  effect: 'deny',
  cause,
  reasons: [],
  obligations: [],
  revision: 'v1',
  failure: { code, message },
});
const TIMED_OUT = failed('timeout', 'RTA_PDP_TIMEOUT', 'the PDP did not answer in time');
const THREW = failed('error', 'RTA_PDP_THREW', 'the PDP threw an error where it owed an answer');

const REQUEST = fileRequest();
const never = new Promise<never>(() => {});

describe('a guard around a PDP', () => {
  test('passes right answers unchanged, at once where they come at once', async () => {
    const { pdp, clock } = guard({});
    expect(pdp.evaluate(REQUEST)).toBe(PERMIT);
    expect(await pdp.evaluateMany([REQUEST, REQUEST])).toEqual([PERMIT, PERMIT]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('passes right answers that come later', async () => {
    const { pdp, clock } = guard({ evaluate: async () => PERMIT });
    const answer = pdp.evaluate(REQUEST);
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toBe(PERMIT);
    expect(clock.pendingTimers).toBe(0);
  });

  test('denies what is thrown, and keeps its message to itself', async () => {
    const secret = new Error('token abc');
    const { pdp } = guard({
      evaluate: () => {
        throw secret;
      },
      evaluateMany: () => {
        throw secret;
      },
    });
    expect(pdp.evaluate(REQUEST)).toEqual(THREW);
    expect(await pdp.evaluateMany([REQUEST, REQUEST])).toEqual([THREW, THREW]);
  });

  test('denies what is rejected, and names the code of an error that has one', async () => {
    const error = new RtaError('RTA_PDP_OPA_UNREACHABLE', 'no answer', { retryable: true });
    const { pdp } = guard({
      evaluate: () => Promise.reject(error),
      evaluateMany: () => Promise.reject(error),
    });
    const expected = failed('error', 'RTA_PDP_THREW', 'the PDP threw RTA_PDP_OPA_UNREACHABLE');
    expect(await pdp.evaluate(REQUEST)).toEqual(expected);
    expect(await pdp.evaluateMany([REQUEST])).toEqual([expected]);
  });

  test.each([
    ['nothing', undefined, 'expected an object'],
    ['a boolean', true, 'expected an object'],
    ['a permit by default', { ...PERMIT, cause: 'default' }, 'only a policy permits'],
    [
      'an obligation that cannot be read',
      { ...PERMIT, obligations: ['x'] },
      'obligations must be a list of id, type and properties',
    ],
  ])('denies an answer that is %s', async (_, answer, message) => {
    const decision = answer as Decision;
    const expected = failed('error', 'RTA_PDP_ANSWER', message);
    const now = guard({ evaluate: () => decision, evaluateMany: async () => [PERMIT, decision] });
    expect(now.pdp.evaluate(REQUEST)).toEqual(expected);
    expect(await now.pdp.evaluateMany([REQUEST, REQUEST])).toEqual([PERMIT, expected]);
    const later = guard({ evaluate: async () => decision });
    expect(await later.pdp.evaluate(REQUEST)).toEqual(expected);
  });

  test.each([
    ['too few', [PERMIT]],
    ['too many', [PERMIT, PERMIT, PERMIT]],
    ['none', undefined],
    ['something else', { 0: PERMIT, 1: PERMIT, length: 2 }],
  ])('denies all of several where the answers are %s', async (_, answers) => {
    const { pdp } = guard({ evaluateMany: async () => answers as readonly Decision[] });
    const expected = failed('error', 'RTA_PDP_ANSWER', 'expected one decision for each request');
    expect(await pdp.evaluateMany([REQUEST, REQUEST])).toEqual([expected, expected]);
  });

  test('denies where a list of answers has a hole', async () => {
    const answers: Decision[] = [PERMIT];
    answers[2] = PERMIT;
    const { pdp } = guard({ evaluateMany: async () => answers });
    const hole = failed('error', 'RTA_PDP_ANSWER', 'expected an object');
    expect(await pdp.evaluateMany([REQUEST, REQUEST, REQUEST])).toEqual([PERMIT, hole, PERMIT]);
  });

  test('denies what does not come in time, tells the PDP, and drops what comes later', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const late = Promise.withResolvers<Decision>();
    const { pdp, clock } = guard({
      evaluate: (_, options) => {
        signals.push(options?.signal);
        return late.promise;
      },
      evaluateMany: () => never,
    });
    const one = pdp.evaluate(REQUEST);
    const many = pdp.evaluateMany([REQUEST]);
    clock.advance(99);
    expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
    clock.advance(1);
    late.reject(new Error('too late'));
    expect([await one, await many]).toEqual([TIMED_OUT, [TIMED_OUT]]);
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });

  test('denies at once where the caller gives up, and tells the PDP', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const { pdp, clock } = guard({
      evaluate: (_, options) => {
        signals.push(options?.signal);
        return never;
      },
    });
    const controller = new AbortController();
    const answer = pdp.evaluate(REQUEST, controller);
    controller.abort();
    expect(await answer).toEqual(TIMED_OUT);
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('denies everything once it is closed, though the PDP goes on, or was asked before', async () => {
    const late = Promise.withResolvers<Decision>();
    const { pdp } = guard({ evaluate: () => late.promise, close: async () => {} });
    const answer = pdp.evaluate(REQUEST);
    await pdp.close();
    late.resolve(PERMIT);
    const closed = failed('error', 'RTA_PDP_CLOSED', 'the PDP is closed');
    expect(await answer).toEqual(closed);
    expect(await pdp.evaluate(REQUEST)).toEqual(closed);
    expect(await pdp.evaluateMany([REQUEST])).toEqual([closed]);
    expect(await pdp.health()).toEqual({ status: 'down', detail: 'RTA_PDP_CLOSED' });
  });

  test('is down where the health of the PDP is not to be had', async () => {
    const { pdp } = guard({ health: () => Promise.reject(new Error('no')) });
    expect(await pdp.health()).toEqual({ status: 'down', detail: 'RTA_PDP_THREW' });
    const hanging = guard({ health: () => never });
    const health = hanging.pdp.health();
    hanging.clock.advance(100);
    expect(await health).toEqual({ status: 'down', detail: 'RTA_PDP_TIMEOUT' });
  });

  test('has a revision even where the PDP has none', () => {
    const inner = Object.defineProperty({ ...guard({}).pdp }, 'revision', {
      get: () => {
        throw new Error('no');
      },
    });
    expect(denyOnFailure(inner, { timeoutMs: 100 }).revision).toBe('unknown');
  });

  test.each([0, -1, Number.NaN])('cannot wait for %s ms', (timeoutMs) => {
    expect(() => denyOnFailure(createStaticPdp({ rules: [] }), { timeoutMs })).toThrow(RangeError);
  });
});
