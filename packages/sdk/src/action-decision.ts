import type {
  AuthorizeRequest,
  DecisionCause,
  DecisionMessage,
  PendingApproval,
  StepUp,
} from '@rta/protocol';
import { sdkError } from './errors.ts';

/** What an agent wants to do. */
export type ActionRequest = Omit<AuthorizeRequest, 'token'>;

/** What the server answered; `permitted` and `cause` tell what else there is. */
export type ActionDecision = ActionPermit | StepUpDenial | ApprovalDenial | ActionDenial;

interface Answer {
  /** Ids of the policies that decided. */
  readonly reasons: readonly string[];
  /** The generation of the session that it was decided in. */
  readonly generation: number;
  /** UNIX milliseconds from which it must not be used; it is meant for this action, now. */
  readonly expiresAtMs?: number;
}

/** It may be done, now, once. */
export interface ActionPermit extends Answer {
  readonly permitted: true;
  readonly cause: 'policy';
}

/** It may be done after another sign-in. */
export interface StepUpDenial extends Answer {
  readonly permitted: false;
  readonly cause: 'step-up-required';
  /** How the user has to sign in (RFC 9470). */
  readonly stepUp: StepUp;
}

/** It may be done when somebody has approved it. */
export interface ApprovalDenial extends Answer {
  readonly permitted: false;
  readonly cause: 'approval-required';
  /** What is waited for: `session.on('approval', …)` tells what became of it. */
  readonly approval: PendingApproval;
}

/** It may not be done. */
export interface ActionDenial extends Answer {
  readonly permitted: false;
  readonly cause: Exclude<DenialCause, 'step-up-required' | 'approval-required'>;
}

/**
 * Why something may not be done: what the server says (docs/spec/protocol.md §6), or what is found here. `obligation`:
 * it is permitted under a condition that this SDK does not fulfil; `expired`: the permit came too late; `approval-void`:
 * the approval that was waited for came to nothing, since its time was over or the session changed.
 */
export type DenialCause = DecisionCause | 'obligation' | 'expired' | 'approval-void';

/** What to do about a denial, by its cause. */
export const DENIAL_REMEDIES = {
  policy: 'do something else: the policies forbid it as things are',
  default: 'do something else, or have a policy that permits it',
  error: 'try again later: the decision point failed',
  timeout: 'try again later: the decision point did not answer',
  'not-granted':
    'ask for less, or have more granted; where amounts are limited, name one in `context.amount`',
  'stale-token': 'try again: the session changes faster than it can be asked about',
  'session-unknown': "exchange a token of the user's sign-in for a new session",
  'session-ended': 'stop; the user has to sign in again',
  'not-bound': 'stop; bind the session to this connection, if it is to be used here',
  'view-stale': 'try again later, or on another node',
  overload: 'try again later, or on another node',
  'token-invalid': 'stop, and bind the session again',
  'session-suspended': 'keep still: the session goes on by itself, and tells by `resumed`',
  'budget-exhausted': 'slow down; where a total is used up, a new session has to be granted more',
  'step-up-required':
    'let the user sign in as `stepUp` says, exchange the new token, and ask in that session',
  'approval-required': 'wait until somebody approves it, and ask again: `waitForApproval` does both',
  'approval-refused': 'do something else: somebody has looked at it and refused',
  'obligation-unknown': 'tell the operator: a policy demands what the server cannot do',
  obligation: 'tell the operator: a policy demands what this SDK cannot do',
  expired: 'ask again, and compare the clocks',
  'approval-void': 'ask again, if it is still wanted: nobody decided in time, or the session changed',
} as const satisfies Readonly<Record<DenialCause, string>>;

/**
 * What a decision means for its agent.
 *
 * @throws RtaError `RTA_SDK_PROTOCOL` for a decision that lacks what belongs to its cause.
 */
export function readDecision(message: DecisionMessage, nowMs: number): ActionDecision {
  const { effect, cause, generation, expiresAtMs, detail = {} } = message;
  const { reasons = [], obligations = [], stepUp, approval } = detail;
  const rest = { reasons, generation, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
  if (effect === 'permit') {
    // An obligation that this enforcement point cannot fulfil makes the answer a denial (invariant I1).
    if (obligations.length > 0) return { permitted: false, cause: 'obligation', ...rest };
    if (expiresAtMs !== undefined && nowMs >= expiresAtMs) {
      return { permitted: false, cause: 'expired', ...rest };
    }
    return { permitted: true, cause: 'policy', ...rest };
  }
  if (cause === 'step-up-required') {
    if (stepUp === undefined) throw sdkError('RTA_SDK_PROTOCOL', 'expected how to sign in');
    return { permitted: false, cause, stepUp, ...rest };
  }
  if (cause === 'approval-required') {
    if (approval === undefined) throw sdkError('RTA_SDK_PROTOCOL', 'expected what waits for approval');
    return { permitted: false, cause, approval, ...rest };
  }
  return { permitted: false, cause, ...rest };
}

/** A denial as an error: for those who only go on where something is permitted. */
export function denialError(action: string, decision: Exclude<ActionDecision, ActionPermit>): Error {
  const { cause, reasons } = decision;
  const { acrValues, maxAgeS } = cause === 'step-up-required' ? decision.stepUp : {};
  return sdkError('RTA_SDK_DENIED', `${action} was denied: ${cause}; ${DENIAL_REMEDIES[cause]}`, {
    details: {
      cause,
      reasons,
      ...(acrValues === undefined ? {} : { acrValues }),
      ...(maxAgeS === undefined ? {} : { maxAgeS }),
      ...(cause === 'approval-required' ? { approval: decision.approval.id } : {}),
    },
  });
}
