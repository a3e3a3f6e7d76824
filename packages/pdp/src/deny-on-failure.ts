import { type Clock, isRtaError, systemClock } from '@rta/core';
import { decisionFault } from './decision-shape.ts';
import { closedDecision, failedDecision, pdpFailure, timedOutDecision } from './denial.ts';
import type { Decision, EvaluateOptions, PolicyDecisionPoint } from './policy-decision-point.ts';

/** Settings of {@link denyOnFailure}. */
export interface DenyOnFailureOptions {
  /** Longest wait for one answer, or for one answer to several requests; what comes later is dropped. */
  readonly timeoutMs: number;
  readonly clock?: Clock;
}

/**
 * Puts a guard around a PDP that is not trusted to keep the port's promises: what it throws, rejects, answers in
 * another shape or answers too late becomes a denial that says so (invariant I1), and once the guard is closed
 * nothing is permitted any more. Right answers pass unchanged, at once where they come at once.
 *
 * It cannot tell a wrong permit from a right one: that is what the contract suite is for.
 *
 * @example
 * ```ts
 * const pdp = denyOnFailure(createRemotePdp({ url }), { timeoutMs: 250 });
 * ```
 * @throws RangeError where `timeoutMs` is not a positive number.
 */
export function denyOnFailure(
  inner: PolicyDecisionPoint,
  { timeoutMs, clock = systemClock }: DenyOnFailureOptions,
): PolicyDecisionPoint {
  if (!(timeoutMs > 0)) throw new RangeError('timeoutMs must be a positive number');
  let closed = false;

  const revision = (): string => {
    try {
      return inner.revision;
    } catch {
      return 'unknown';
    }
  };
  const failed = (failure: Failure): Decision =>
    failure === 'timeout'
      ? timedOutDecision(revision())
      : failedDecision('error', revision(), pdpFailure('RTA_PDP_THREW', codeOf(failure.error)));
  const checked = (answer: unknown): Decision => {
    if (closed) return closedDecision(revision());
    const fault = decisionFault(answer);
    if (fault === undefined) return answer as Decision;
    return failedDecision('error', revision(), pdpFailure('RTA_PDP_ANSWER', fault));
  };

  const guarded: PolicyDecisionPoint = {
    name: inner.name,
    features: inner.features,
    get revision() {
      return revision();
    },

    evaluate(request, { signal }: EvaluateOptions = {}) {
      if (closed) return closedDecision(revision());
      if (signal?.aborted === true) return timedOutDecision(revision());
      const wait = new AbortController();
      let answer: unknown;
      try {
        answer = inner.evaluate(request, { signal: wait.signal });
      } catch (error) {
        return failed({ error });
      }
      if (!(answer instanceof Promise)) return checked(answer);
      return inTime(answer, { clock, timeoutMs, wait, signal }, checked, failed);
    },

    evaluateMany(requests, { signal }: EvaluateOptions = {}) {
      const all = (decision: () => Decision): readonly Decision[] => requests.map(decision);
      if (closed) return Promise.resolve(all(() => closedDecision(revision())));
      if (signal?.aborted === true) return Promise.resolve(all(() => timedOutDecision(revision())));
      const wait = new AbortController();
      const read = (answers: unknown): readonly Decision[] => {
        // By index, so that a hole in the list is a missing decision as well.
        if (Array.isArray(answers) && answers.length === requests.length) {
          return requests.map((_, at) => checked(answers[at]));
        }
        return all(() =>
          failedDecision(
            'error',
            revision(),
            pdpFailure('RTA_PDP_ANSWER', 'expected one decision for each request'),
          ),
        );
      };
      return inTime(
        promised(() => inner.evaluateMany(requests, { signal: wait.signal })),
        { clock, timeoutMs, wait, signal },
        read,
        (failure) => all(() => failed(failure)),
      );
    },

    watch: (onChange) => inner.watch(onChange),

    health() {
      if (closed) return Promise.resolve({ status: 'down', detail: 'RTA_PDP_CLOSED' });
      return inTime(
        promised(() => inner.health()),
        { clock, timeoutMs, wait: new AbortController(), signal: undefined },
        (health) => health,
        (failure) => ({
          status: 'down',
          detail: failure === 'timeout' ? 'RTA_PDP_TIMEOUT' : 'RTA_PDP_THREW',
        }),
      );
    },

    close() {
      closed = true;
      return inner.close();
    },
    [Symbol.asyncDispose]: () => guarded.close(),
  };
  return guarded;
}

/** Why there is no answer. */
type Failure = 'timeout' | { readonly error: unknown };

/** The code of an error of RealTimeAuth; of any other, nothing: its message may hold anything (invariant I10). */
const codeOf = (error: unknown): string | undefined =>
  isRtaError(error) ? `the PDP threw ${error.code}` : undefined;

/** What is thrown at once is a rejection too. */
const promised = async <Value>(ask: () => Promise<Value>): Promise<Value> => ask();

/** Waits for an answer until it comes, time is up, or the caller gives up: whatever is first. Never rejects. */
function inTime<Value, Answer>(
  answer: Promise<Value>,
  limits: {
    readonly clock: Clock;
    readonly timeoutMs: number;
    /** Aborted where nobody waits for the answer any more. */
    readonly wait: AbortController;
    readonly signal: AbortSignal | undefined;
  },
  read: (value: Value) => Answer,
  fail: (failure: Failure) => Answer,
): Promise<Answer> {
  const { clock, timeoutMs, wait, signal } = limits;
  return new Promise((resolve) => {
    const giveUp = (): void => {
      settle(fail('timeout'));
      wait.abort();
    };
    const timer = clock.after(timeoutMs, giveUp);
    signal?.addEventListener('abort', giveUp, { once: true });
    const settle = (result: Answer): void => {
      timer.cancel();
      signal?.removeEventListener('abort', giveUp);
      resolve(result);
    };
    answer.then(
      (value) => settle(read(value)),
      (error: unknown) => settle(fail({ error })),
    );
  });
}
