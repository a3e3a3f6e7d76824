import { describe, test } from 'vitest';
import { AUDIT_CHECKS } from './audit-checks.ts';
import { BATCH_CHECKS } from './batch-checks.ts';
import type { StoreCheck, StoreContractEnv } from './check.ts';
import { LIFETIME_CHECKS } from './lifetime-checks.ts';
import { RECORD_CHECKS } from './record-checks.ts';
import { SINGLE_USE_CHECKS } from './single-use-checks.ts';
import { UPDATE_CHECKS } from './update-checks.ts';

/**
 * All that the port promises, as checks that run in any test runner, or in none.
 * They use the assertions of `node:assert`.
 */
export const STORE_CHECKS: readonly StoreCheck[] = [
  ...SINGLE_USE_CHECKS,
  ...RECORD_CHECKS,
  ...UPDATE_CHECKS,
  ...BATCH_CHECKS,
  ...AUDIT_CHECKS,
  ...LIFETIME_CHECKS,
];

/**
 * Runs the contract of `Store` as vitest tests.
 *
 * @example
 * ```ts
 * const clock = createFakeClock();
 * storeContract({
 *   name: 'memory',
 *   open: () => createMemoryStore({ clock }),
 *   now: () => clock.now(),
 *   advance: (ms) => clock.advance(ms),
 * });
 * ```
 */
export function storeContract(env: StoreContractEnv): void {
  describe(`${env.name} keeps the contract of Store`, () => {
    for (const check of STORE_CHECKS) test(check.name, () => check.run(env));
  });
}
