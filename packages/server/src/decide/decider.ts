import type { AuditRecord } from '@rta/audit';
import { type Authority, type Check, covers, type Session } from '@rta/authority';
import type { Clock } from '@rta/core';
import type { Decision, PolicyDecisionPoint } from '@rta/pdp';
import { type DecisionDetail, type DecisionMessage, decodeQuestion, splitAuthorize } from '@rta/protocol';
import { peekSessionId } from '@rta/token';
import { type Origin, whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { decisionChannel, noticeChannel, reportFault } from '../diagnostics.ts';
import { accessRequest, grantedAction, type Question } from './access-request.ts';
import type { Approvals } from './approvals.ts';
import { createDecisionCache, questionKey } from './decision-cache.ts';
import { type Duties, dutiesOf, satisfies, stepUpAfter, stricter } from './obligations.ts';

/** Answers the one question that matters: may this be done, now? */
export interface Decider {
  /**
   * Decides an AUTHORIZE body that came over a connection. Never throws for an outcome: what cannot be decided is
   * denied with a cause (invariant I1). Answers at once where the PDP does.
   *
   * @throws RtaError `RTA_PROTOCOL_MESSAGE` for a body that is not an AUTHORIZE body.
   */
  decide(body: Uint8Array, origin: Origin): DecisionMessage | Promise<DecisionMessage>;
}

/** What a decision rests on. */
export interface DeciderOptions {
  readonly authority: Authority;
  readonly pdp: PolicyDecisionPoint;
  readonly approvals: Approvals;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  /** Types of obligations that enforcement points are known to fulfil. */
  readonly forwardedObligations: ReadonlySet<string>;
  /** Whether this node has seen what was published (invariant I2). */
  readonly isFresh: () => boolean;
  /** A policy ends a session; kept when it resolves. */
  readonly onEndSession: (session: Session, policies: readonly string[]) => Promise<void>;
  /** Hears of every use of a session; undefined where nobody wants to. */
  readonly onPresented: ((session: Session) => void) | undefined;
}

/** Makes the decider of a node. */
export function createDecider(options: DeciderOptions): Decider {
  const { authority, pdp, approvals, audit, clock, forwardedObligations, isFresh, onEndSession } = options;
  const { onPresented } = options;
  const cache = createDecisionCache();

  const deny = (
    cause: DecisionMessage['cause'],
    session: Session | undefined,
    question: Question | undefined,
    origin: Origin,
  ): DecisionMessage => {
    audit.record({
      kind: 'decision',
      outcome: 'deny',
      cause,
      ...origin,
      ...(session === undefined ? {} : whoOf(session)),
      ...(question === undefined ? {} : { action: question.action, resource: question.resource }),
    });
    return { effect: 'deny', cause, generation: session?.generation ?? 0 };
  };

  const refuse = (
    check: Extract<Check, { ok: false }>,
    question: Question,
    origin: Origin,
  ): DecisionMessage => {
    const { session, cause } = check;
    const denial = deny(cause, session, question, origin);
    if (cause === 'session-suspended') return denial;
    // A stranger learns nothing of a session that is bound elsewhere; its own agent gets the token that replaces.
    if (cause !== 'stale-token' && cause !== 'token-invalid') return { ...denial, generation: 0 };
    return cause === 'stale-token' && session !== undefined ? { ...denial, token: session.token } : denial;
  };

  /** The answer of the PDP, and everything that has to be true besides for it to be a permit. */
  const conclude = (
    session: Session,
    question: Question,
    decision: Decision,
    origin: Origin,
  ): DecisionMessage | Promise<DecisionMessage> => {
    const duties = dutiesOf(decision, forwardedObligations);
    const outcome = outcomeOf(session, question, decision, duties);
    const record: AuditRecord = {
      kind: 'decision',
      outcome: outcome.effect,
      cause: outcome.cause,
      ...whoOf(session),
      action: question.action,
      resource: question.resource,
      policies: decision.reasons.map(({ policyId }) => policyId),
      policyRevision: decision.revision,
      ...(decision.failure === undefined ? {} : { detail: { failure: decision.failure.code } }),
      ...origin,
    };
    audit.record(record);
    if (duties.notices.length > 0) {
      const { effect, cause } = outcome;
      noticeChannel.publish({
        session: session.id,
        action: question.action,
        effect,
        cause,
        ids: duties.notices,
      });
    }
    const overload: DecisionMessage = { effect: 'deny', cause: 'overload', generation: session.generation };
    // The audit log may have filled up with this very record.
    const answer = audit.healthy ? { ...outcome, generation: session.generation } : overload;
    if (!duties.endsSession) return answer;
    // Who is told that it is denied does not find the session alive after a crash.
    return onEndSession(session, record.policies ?? []).then(
      () => answer,
      (error: unknown) => {
        reportFault('store', error);
        return overload;
      },
    );
  };

  const outcomeOf = (
    session: Session,
    question: Question,
    decision: Decision,
    duties: Duties,
  ): Omit<DecisionMessage, 'generation'> => {
    const { effect, cause, reasons, expiresAtMs } = decision;
    const denied = (
      why: DecisionMessage['cause'],
      detail?: DecisionDetail,
    ): Omit<DecisionMessage, 'generation'> => ({
      effect: 'deny',
      cause: why,
      ...withDetail({ ...detail, reasons: reasons.map(({ policyId }) => policyId) }),
    });
    const nowMs = clock.now();
    const lowered = stepUpAfter(session.attributes, nowMs);
    // A denial of a policy is not explained by what the policy did not ask for.
    const stepUp =
      effect === 'permit' && lowered !== undefined ? stricter(duties.stepUp, lowered) : duties.stepUp;
    const lacksStepUp = stepUp !== undefined && !satisfies(session, stepUp, nowMs);
    if (lacksStepUp && (effect === 'permit' || cause === 'policy'))
      return denied('step-up-required', { stepUp });
    if (effect === 'deny') return denied(cause, { obligations: duties.forwarded });
    if (duties.unknown.length > 0 || duties.endsSession) return denied('obligation-unknown');
    const approval = duties.needsApproval ? approvals.ask(session, question) : undefined;
    if (approval?.kind === 'open') {
      const { id, expiresAtMs: until } = approval.task;
      return denied('approval-required', { approval: { id, expiresAtMs: until } });
    }
    if (approval !== undefined && approval.kind !== 'approved') {
      return denied(approval.kind === 'full' ? 'overload' : 'approval-refused');
    }
    // What is counted is counted last: nothing is used up by what is denied.
    if (!authority.spend(session.id, grantedAction(question))) return denied('budget-exhausted');
    if (approval !== undefined) approvals.use(approval.task);
    return {
      effect,
      cause,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      ...withDetail({ reasons: reasons.map(({ policyId }) => policyId), obligations: duties.forwarded }),
    };
  };

  /** An answer is good only for the state that was asked about: what changed meanwhile is decided anew (I3). */
  const decideLater = async (
    pending: Promise<Decision>,
    asked: { readonly body: Uint8Array; readonly session: Session; readonly question: Question },
    origin: Origin,
  ): Promise<DecisionMessage> => {
    const { body, session, question } = asked;
    const decision = await pending;
    const now = authority.check(session.id, splitAuthorize(body).token, origin.connection, clock.now());
    if (!now.ok) return refuse(now, question, origin);
    if (now.session.generation !== session.generation || decision.revision !== pdp.revision || !isFresh())
      return evaluate(body, now.session, origin);
    return conclude(session, question, decision, origin);
  };

  const evaluate = (
    body: Uint8Array,
    session: Session,
    origin: Origin,
  ): DecisionMessage | Promise<DecisionMessage> => {
    const { question: questionBytes } = splitAuthorize(body);
    const key = questionKey(questionBytes);
    const cached = cache.get(session, key, pdp.revision, clock.now());
    if (cached !== undefined) return conclude(session, cached.question, cached.decision, origin);
    const question = decodeQuestion(questionBytes);
    if (!covers(session.grant, grantedAction(question)))
      return deny('not-granted', session, question, origin);
    const answer = pdp.evaluate(accessRequest(session, question));
    if (answer instanceof Promise) return decideLater(answer, { body, session, question }, origin);
    if (pdp.features.deterministic && (answer.cause === 'policy' || answer.cause === 'default')) {
      cache.put(session, key, { question, decision: answer });
    }
    return conclude(session, question, answer, origin);
  };

  const decide = (body: Uint8Array, origin: Origin): DecisionMessage | Promise<DecisionMessage> => {
    const { token, question } = splitAuthorize(body);
    const nowMs = clock.now();
    if (!isFresh()) return deny('view-stale', undefined, undefined, origin);
    if (!audit.healthy) return deny('overload', undefined, undefined, origin);
    const check = authority.check(peekSessionId(token), token, origin.connection, nowMs);
    if (!check.ok) return refuse(check, decodeQuestion(question), origin);
    onPresented?.(check.session);
    if (!authority.takeTurn(check.session.id, nowMs)) {
      return deny('budget-exhausted', check.session, decodeQuestion(question), origin);
    }
    return evaluate(body, check.session, origin);
  };

  return {
    decide(body, origin) {
      if (!decisionChannel.hasSubscribers) return decide(body, origin);
      const startedMs = clock.monotonicMs();
      const report = (decision: DecisionMessage): DecisionMessage => {
        const { effect, cause } = decision;
        decisionChannel.publish({ effect, cause, durationMs: clock.monotonicMs() - startedMs });
        return decision;
      };
      const decision = decide(body, origin);
      return decision instanceof Promise ? decision.then(report) : report(decision);
    },
  };
}

/** Only what there is to say. */
function withDetail(detail: DecisionDetail): { detail?: DecisionDetail } {
  const { reasons = [], obligations = [], ...rest } = detail;
  const said: DecisionDetail = {
    ...rest,
    ...(reasons.length === 0 && obligations.length === 0 ? {} : { reasons }),
    ...(obligations.length === 0 ? {} : { obligations }),
  };
  return Object.keys(said).length === 0 ? {} : { detail: said };
}
