import type { Session } from '@rta/authority';
import type { Decision } from '@rta/pdp';
import { SERVER_LIMITS } from '../limits.ts';
import type { Question } from './access-request.ts';

/** A decision that was made before, and the question that it answers. */
export interface CachedDecision {
  readonly question: Question;
  readonly decision: Decision;
}

/**
 * Decisions of deterministic PDPs, kept for exactly one state of one session (invariant I3): a session that changes
 * is another object, and the decisions of the old one go with it.
 */
export interface DecisionCache {
  /** Looks up the bytes of a question, as they came from the wire. */
  get(session: Session, key: string, policyRevision: string, nowMs: number): CachedDecision | undefined;
  put(session: Session, key: string, cached: CachedDecision): void;
}

/**
 * The key of a question: its bytes themselves, so that no two questions share one.
 * They are the wire's unambiguous encoding of action, resource and context.
 */
export function questionKey(question: Uint8Array): string {
  return Buffer.from(question.buffer, question.byteOffset, question.byteLength).toString('latin1');
}

/** Makes an empty cache. */
export function createDecisionCache(): DecisionCache {
  const sessions = new WeakMap<Session, Map<string, CachedDecision>>();
  return {
    get(session, key, policyRevision, nowMs) {
      const cached = sessions.get(session)?.get(key);
      if (cached === undefined || cached.decision.revision !== policyRevision) return undefined;
      const { expiresAtMs } = cached.decision;
      return expiresAtMs !== undefined && nowMs >= expiresAtMs ? undefined : cached;
    },
    put(session, key, cached) {
      let decisions = sessions.get(session);
      if (decisions === undefined) {
        decisions = new Map();
        sessions.set(session, decisions);
      }
      if (decisions.size >= SERVER_LIMITS.maxCachedDecisionsPerSession) decisions.clear();
      decisions.set(key, cached);
    },
  };
}
