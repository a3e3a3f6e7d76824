import { PDP_ERRORS, type PdpErrorCode } from './errors.ts';
import type { Decision } from './policy-decision-point.ts';

/** What made a PDP fail; see {@link Decision.failure}. */
export type DecisionFailure = NonNullable<Decision['failure']>;

/**
 * The answer of a PDP that has none: a denial that says what failed (invariant I1).
 *
 * @param reasons - the policies that could not be evaluated, where they are known.
 */
export function failedDecision(
  cause: 'error' | 'timeout',
  revision: string,
  failure: DecisionFailure,
  reasons: Decision['reasons'] = [],
): Decision {
  return { effect: 'deny', cause, reasons, obligations: [], revision, failure };
}

/**
 * The failure of a code that every PDP shares.
 *
 * @param message - facts about this one failure; the code's summary by default.
 */
export function pdpFailure(code: PdpErrorCode, message: string = PDP_ERRORS[code].summary): DecisionFailure {
  return { code, message };
}

/** What a closed PDP answers. */
export function closedDecision(revision: string): Decision {
  return failedDecision('error', revision, pdpFailure('RTA_PDP_CLOSED'));
}

/** What a PDP answers that was given no time, or no more of it. */
export function timedOutDecision(revision: string): Decision {
  return failedDecision('timeout', revision, pdpFailure('RTA_PDP_TIMEOUT'));
}
