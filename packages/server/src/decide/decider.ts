import { type Authority, type Check, covers, type Session } from '@rta/authority';
import type { Clock } from '@rta/core';
import type { Decision, PolicyDecisionPoint } from '@rta/pdp';
import { type DecisionMessage, decodeQuestion, splitAuthorize } from '@rta/protocol';
import { peekSessionId } from '@rta/token';
import { type Origin, whoOf } from '../audit/audit-record.ts';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { decisionChannel } from '../diagnostics.ts';
import { accessRequest, type Question } from './access-request.ts';
import { createDecisionCache, questionKey } from './decision-cache.ts';

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
  readonly audit: AuditTrail;
  readonly clock: Clock;
  /** Whether this node has seen what was published (invariant I2). */
  readonly isFresh: () => boolean;
}

/** Makes the decider of a node. */
export function createDecider(options: DeciderOptions): Decider {
  const { authority, pdp, audit, clock, isFresh } = options;
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
    // A stranger learns nothing of a session that is bound elsewhere; its own agent gets the token that replaces.
    if (cause !== 'stale-token' && cause !== 'token-invalid') return { ...denial, generation: 0 };
    return cause === 'stale-token' && session !== undefined ? { ...denial, token: session.token } : denial;
  };

  const conclude = (
    session: Session,
    question: Question,
    decision: Decision,
    origin: Origin,
  ): DecisionMessage => {
    audit.record({
      kind: 'decision',
      outcome: decision.effect,
      cause: decision.cause,
      ...whoOf(session),
      action: question.action,
      resource: question.resource,
      policies: decision.reasons.map(({ policyId }) => policyId),
      policyRevision: decision.revision,
      ...(decision.failure === undefined ? {} : { detail: { failure: decision.failure.code } }),
      ...origin,
    });
    // The audit log may have filled up with this very record.
    if (!audit.healthy) return { effect: 'deny', cause: 'overload', generation: session.generation };
    const { effect, cause, reasons, obligations, expiresAtMs } = decision;
    return {
      effect,
      cause,
      generation: session.generation,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      ...(reasons.length === 0 && obligations.length === 0
        ? {}
        : {
            detail: {
              reasons: reasons.map(({ policyId }) => policyId),
              ...(obligations.length === 0 ? {} : { obligations }),
            },
          }),
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
    if (now.session !== session || decision.revision !== pdp.revision || !isFresh())
      return decide(body, origin);
    return conclude(session, question, decision, origin);
  };

  const decide = (body: Uint8Array, origin: Origin): DecisionMessage | Promise<DecisionMessage> => {
    const { token, question: questionBytes } = splitAuthorize(body);
    const nowMs = clock.now();
    if (!isFresh()) return deny('view-stale', undefined, undefined, origin);
    if (!audit.healthy) return deny('overload', undefined, undefined, origin);

    const check = authority.check(peekSessionId(token), token, origin.connection, nowMs);
    if (!check.ok) return refuse(check, decodeQuestion(questionBytes), origin);
    const { session } = check;

    const key = questionKey(questionBytes);
    const cached = cache.get(session, key, pdp.revision, nowMs);
    if (cached !== undefined) return conclude(session, cached.question, cached.decision, origin);

    const question = decodeQuestion(questionBytes);
    if (!covers(session.grant, question.action, question.resource.id)) {
      return deny('not-granted', session, question, origin);
    }
    const answer = pdp.evaluate(accessRequest(session, question));
    if (answer instanceof Promise) return decideLater(answer, { body, session, question }, origin);
    if (pdp.features.deterministic && (answer.cause === 'policy' || answer.cause === 'default')) {
      cache.put(session, key, { question, decision: answer });
    }
    return conclude(session, question, answer, origin);
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
