import assert from 'node:assert/strict';
import { type Decision, decisionFault, type PdpChange, type PolicyDecisionPoint } from '@rta/pdp';
import type { PdpContractEnv, PdpFixture } from './fixture.ts';

/** One promise of the port, and how to see that an adapter keeps it. */
export interface PdpCheck {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Opens the adapter and looks. @throws AssertionError where the promise is broken. */
  run(env: PdpContractEnv): Promise<void>;
}

/** Makes a check that opens a fixture and closes it, whatever becomes of the check. */
export function pdpCheck(name: string, look: (fixture: PdpFixture) => Promise<void>): PdpCheck {
  return {
    name,
    async run(env) {
      const fixture = await env.open();
      try {
        await look(fixture);
      } finally {
        await fixture.pdp.close();
      }
    },
  };
}

/** A well-formed permit by a policy. */
export function assertPermit(decision: Decision): void {
  assertDecision(decision);
  assert.equal(decision.effect, 'permit');
  assert.equal(decision.cause, 'policy');
}

/** A well-formed denial, for one of these causes where any are named. */
export function assertDenial(decision: Decision, ...causes: readonly Decision['cause'][]): void {
  assertDecision(decision);
  assert.equal(decision.effect, 'deny');
  if (causes.length > 0) {
    assert.ok(causes.includes(decision.cause), `denied by ${decision.cause}, not by ${causes.join(' or ')}`);
  }
}

/** A well-formed decision, whichever. */
export function assertDecision(decision: Decision): void {
  assert.equal(decisionFault(decision), undefined);
}

/** The effects of several decisions, in order. */
export const effectsOf = (decisions: readonly Decision[]): readonly string[] =>
  decisions.map(({ effect }) => effect);

/** Collects what a PDP tells of changes. */
export function collectChanges(pdp: PolicyDecisionPoint): { readonly seen: PdpChange[]; close(): void } {
  const seen: PdpChange[] = [];
  const handle = pdp.watch((change) => seen.push(change));
  return { seen, close: () => handle.close() };
}

/** Freezes a value through and through. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
