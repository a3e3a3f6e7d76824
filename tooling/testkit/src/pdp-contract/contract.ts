import { describe, test } from 'vitest';
import { ANSWER_CHECKS } from './answer-checks.ts';
import { BATCH_CHECKS } from './batch-checks.ts';
import type { PdpCheck } from './check.ts';
import type { PdpContractEnv } from './fixture.ts';
import { LIFE_CHECKS } from './life-checks.ts';

/** All that the port promises, as checks that run in any test runner, or in none. */
export const PDP_CHECKS: readonly PdpCheck[] = [...ANSWER_CHECKS, ...BATCH_CHECKS, ...LIFE_CHECKS];

/**
 * Runs the contract of `PolicyDecisionPoint` as vitest tests.
 *
 * @example
 * ```ts
 * pdpContract({ name: 'my PDP', open: async () => ({ pdp: await createMyPdp(), failing, permitWrite }) });
 * ```
 */
export function pdpContract(env: PdpContractEnv): void {
  describe(`${env.name} keeps the contract of PolicyDecisionPoint`, () => {
    for (const check of PDP_CHECKS) test(check.name, () => check.run(env));
  });
}
