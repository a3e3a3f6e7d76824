import type { JsonObject } from '@rta/core';
import { createChangeFeed } from './change-feed.ts';
import { decisionFault } from './decision-shape.ts';
import { closedDecision, failedDecision, pdpFailure, timedOutDecision } from './denial.ts';
import type {
  AccessRequest,
  Decision,
  EvaluateOptions,
  PdpFeatures,
  PolicyDecisionPoint,
} from './policy-decision-point.ts';

/** One rule of a static PDP. A rule that forbids wins over all that permit. */
export interface StaticRule {
  /** Names the rule in the reasons of a decision; unique among the rules. */
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  /** Whether the rule applies to a request; absent: to every one. A rule that throws denies. */
  readonly when?: (request: AccessRequest) => boolean;
  /** What must be done where this rule determines the answer. */
  readonly obligations?: readonly { readonly type: string; readonly properties?: JsonObject }[];
}

/** What a function answers in place of rules; what it leaves out is filled in. */
export type StaticAnswer = Pick<Decision, 'effect'> & Partial<Omit<Decision, 'revision'>>;

/** The policy of a static PDP: rules, or a function that answers. */
export type StaticPolicy = readonly StaticRule[] | ((request: AccessRequest) => StaticAnswer);

/** Settings of {@link createStaticPdp}. */
export interface StaticPdpOptions {
  readonly rules: StaticPolicy;
  /** For logs; `static` by default. */
  readonly name?: string;
  /**
   * What it claims. `synchronous: false` makes it answer by promises, as a remote PDP would; set
   * `deterministic: false` where a rule reads more than the request. Both are true by default.
   */
  readonly features?: Partial<Pick<PdpFeatures, 'synchronous' | 'deterministic'>>;
}

/** A PDP whose policy is code. */
export interface StaticPdp extends PolicyDecisionPoint {
  /**
   * Puts another policy in force, at once and as a whole, and tells those who watch.
   *
   * @throws TypeError for rules of the same id; the old policy stays in force.
   */
  replace(rules: StaticPolicy): void;
}

/**
 * Makes a PDP from rules in code: the reference for the port, and the PDP of tests and examples.
 *
 * Default deny, and a rule that forbids wins, in whatever order the rules stand. The revision is `static:` and a
 * number that grows with every {@link StaticPdp.replace}.
 *
 * @example
 * ```ts
 * const pdp = createStaticPdp({
 *   rules: [
 *     { id: 'read', effect: 'permit', when: ({ action }) => action.name === 'read' },
 *     { id: 'locked', effect: 'forbid', when: ({ resource }) => resource.properties?.['locked'] === true },
 *   ],
 * });
 * ```
 * @throws TypeError for rules of the same id.
 */
export function createStaticPdp(options: StaticPdpOptions): StaticPdp {
  const features: PdpFeatures = {
    synchronous: options.features?.synchronous ?? true,
    deterministic: options.features?.deterministic ?? true,
    watch: true,
    reasons: true,
    obligations: true,
  };
  const feed = createChangeFeed();
  let decide = compile(options.rules);
  let version = 1;
  let closed = false;
  const revision = (): string => `static:${version}`;

  const answer = (request: AccessRequest, signal: AbortSignal | undefined): Decision => {
    if (closed) return closedDecision(revision());
    if (signal?.aborted === true) return timedOutDecision(revision());
    let decision: Decision;
    try {
      decision = { cause: 'policy', reasons: [], obligations: [], ...decide(request), revision: revision() };
    } catch (error) {
      return error instanceof RuleFailure
        ? failedDecision('error', revision(), pdpFailure('RTA_PDP_RULE', error.message), [
            { policyId: error.ruleId },
          ])
        : failedDecision('error', revision(), pdpFailure('RTA_PDP_RULE'));
    }
    const fault = decisionFault(decision);
    return fault === undefined
      ? decision
      : failedDecision('error', revision(), pdpFailure('RTA_PDP_ANSWER', fault));
  };

  const pdp: StaticPdp = {
    name: options.name ?? 'static',
    features,
    get revision() {
      return revision();
    },
    evaluate(request, { signal }: EvaluateOptions = {}) {
      const decision = answer(request, signal);
      return features.synchronous ? decision : Promise.resolve(decision);
    },
    evaluateMany: (requests, { signal }: EvaluateOptions = {}) =>
      Promise.resolve(requests.map((request) => answer(request, signal))),
    watch: (onChange) => feed.watch(onChange),
    replace(rules) {
      decide = compile(rules);
      version += 1;
      feed.emit({ kind: 'policy', revision: revision() });
    },
    health: () => Promise.resolve(closed ? { status: 'down', detail: 'RTA_PDP_CLOSED' } : { status: 'up' }),
    close() {
      closed = true;
      feed.close();
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => pdp.close(),
  };
  return pdp;
}

/** A rule could not say whether it applies. */
class RuleFailure extends Error {
  readonly ruleId: string;

  constructor(ruleId: string, what: string) {
    super(`rule ${ruleId} ${what}`);
    this.ruleId = ruleId;
  }
}

function compile(policy: StaticPolicy): (request: AccessRequest) => StaticAnswer {
  if (typeof policy === 'function') return policy;
  const rules = [...policy];
  const ids = new Set(rules.map(({ id }) => id));
  if (ids.size !== rules.length) throw new TypeError('two rules of the static PDP have the same id');

  return (request) => {
    // Every rule is asked: one that cannot be evaluated might have been the one that forbids.
    const applying = rules.filter((rule) => applies(rule, request));
    const forbidding = applying.filter(({ effect }) => effect === 'forbid');
    const permitting = applying.filter(({ effect }) => effect === 'permit');
    if (forbidding.length > 0) return { effect: 'deny', cause: 'policy', ...grounds(forbidding) };
    if (permitting.length > 0) return { effect: 'permit', cause: 'policy', ...grounds(permitting) };
    return { effect: 'deny', cause: 'default' };
  };
}

function applies({ id, when }: StaticRule, request: AccessRequest): boolean {
  if (when === undefined) return true;
  let applying: unknown;
  try {
    applying = when(request);
  } catch {
    throw new RuleFailure(id, 'threw an error');
  }
  if (typeof applying !== 'boolean') throw new RuleFailure(id, `answered ${typeof applying}, not a boolean`);
  return applying;
}

const grounds = (rules: readonly StaticRule[]): Pick<Decision, 'reasons' | 'obligations'> => ({
  reasons: rules.map(({ id }) => ({ policyId: id })),
  obligations: rules.flatMap(({ id, obligations = [] }) =>
    obligations.map(({ type, properties = {} }) => ({ id, type, properties })),
  ),
});
