import type { JsonObject } from '@rta/core';

/** An AuthZEN entity: who acts, or on what. */
export interface PdpEntity {
  readonly type: string;
  readonly id: string;
  readonly properties?: JsonObject;
}

/**
 * One question to a PDP, in the shape of AuthZEN.
 *
 * RealTimeAuth fills `context` itself: `session`, `agent`, `actors`, `scope` and the attributes in force stand
 * at its top level and are trusted; what the agent claims about its own request stands under `context.request`
 * and is not.
 *
 * @see OpenID AuthZEN Authorization API 1.0 §5
 */
export interface AccessRequest {
  readonly subject: PdpEntity;
  readonly action: { readonly name: string; readonly properties?: JsonObject };
  readonly resource: PdpEntity;
  readonly context?: JsonObject;
}

/** What a PDP bases its answer on. Anything but `policy` on a permit is impossible. */
export type DecisionCause =
  /** A policy decided. */
  | 'policy'
  /** No policy applies: denied by default. */
  | 'default'
  /** A policy or the request could not be evaluated. */
  | 'error'
  /** The PDP did not answer in time. */
  | 'timeout';

/** A PDP's answer. No answer is a denial with a cause: `evaluate` does not throw for an outcome. */
export interface Decision {
  readonly effect: 'permit' | 'deny';
  readonly cause: DecisionCause;
  /** The policies that determined the answer. */
  readonly reasons: readonly { readonly policyId: string; readonly text?: string }[];
  /** What must be done for the answer to stand; an enforcement point that does not know one must deny. */
  readonly obligations: readonly {
    readonly id: string;
    readonly type: string;
    readonly properties: JsonObject;
  }[];
  /** UNIX milliseconds from which the answer must not be used; absent: as long as its inputs stand. */
  readonly expiresAtMs?: number;
  /** The policy version that answered. */
  readonly revision: string;
  /**
   * With cause `error` or `timeout`: what failed, for logs and the audit. It names codes, policies and places,
   * holds no values of the request (invariant I10), and is not for the agent.
   */
  readonly failure?: { readonly code: string; readonly message: string };
}

/** A change in what a PDP knows. */
export type PdpChange =
  /** Policies changed; `revision` is the new version. */
  | { readonly kind: 'policy'; readonly revision: string }
  /** New policies were refused; `revision`, the old version, stays in force. */
  | { readonly kind: 'refused'; readonly revision: string; readonly error: Error }
  /** Changes were lost; everything may have changed. */
  | { readonly kind: 'gap'; readonly revision: string; readonly reason: string };

/** What an adapter can do; the contract suite holds it to this. */
export interface PdpFeatures {
  /** `evaluate` answers at once, not by a promise. */
  readonly synchronous: boolean;
  /** Equal requests have equal answers as long as the revision stands: answers may be kept. */
  readonly deterministic: boolean;
  /** `watch` reports changes by itself. */
  readonly watch: boolean;
  /** An answer by policy names the policies that determined it. */
  readonly reasons: boolean;
  /** Policies can attach obligations. */
  readonly obligations: boolean;
}

/** How long a caller waits for an answer. */
export interface EvaluateOptions {
  /** Once it is aborted, what has no answer yet is denied with cause `timeout`. */
  readonly signal?: AbortSignal;
}

/** The port to a Policy Decision Point. */
export interface PolicyDecisionPoint extends AsyncDisposable {
  readonly name: string;
  readonly features: PdpFeatures;
  /** The policy version in force. */
  readonly revision: string;
  /** Decides one request. Never throws for an outcome: failures are denials with a cause (invariant I1). */
  evaluate(request: AccessRequest, options?: EvaluateOptions): Decision | Promise<Decision>;
  /** Decides several requests, each by itself; answers stand in the order of the requests. */
  evaluateMany(requests: readonly AccessRequest[], options?: EvaluateOptions): Promise<readonly Decision[]>;
  /** Reports changes until the returned handle is closed. */
  watch(onChange: (change: PdpChange) => void): { close(): void };
  health(): Promise<{ readonly status: 'up' | 'down'; readonly detail?: string }>;
  /** Lets go of everything; afterwards `evaluate` denies with cause `error`. Idempotent. */
  close(): Promise<void>;
}
