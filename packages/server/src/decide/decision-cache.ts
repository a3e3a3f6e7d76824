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
 * Decisions of deterministic PDPs, kept for exactly one generation of one session (invariant I3): the token stands for
 * all that is told to the PDP of a session, each change of it brings another one, and the decisions of the old one go
 * with it. That the session is bound to another connection changes none of them.
 */
export interface DecisionCache {
  /** Looks up the bytes of a question, as they came from the wire. */
  get(
    session: Pick<Session, 'token'>,
    key: string,
    policyRevision: string,
    nowMs: number,
  ): CachedDecision | undefined;
  put(session: Pick<Session, 'token'>, key: string, cached: CachedDecision): void;
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
  const generations = new WeakMap<Uint8Array, Map<string, CachedDecision>>();
  return {
    get({ token }, key, policyRevision, nowMs) {
      const cached = generations.get(token)?.get(key);
      if (cached === undefined || cached.decision.revision !== policyRevision) return undefined;
      const { expiresAtMs } = cached.decision;
      return expiresAtMs !== undefined && nowMs >= expiresAtMs ? undefined : cached;
    },
    put({ token }, key, cached) {
      let decisions = generations.get(token);
      if (decisions === undefined) {
        decisions = new Map();
        generations.set(token, decisions);
      }
      if (decisions.size >= SERVER_LIMITS.maxCachedDecisionsPerSession) decisions.clear();
      decisions.set(key, cached);
    },
  };
}
