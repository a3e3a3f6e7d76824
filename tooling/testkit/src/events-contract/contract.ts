import { describe, test } from 'vitest';
import type { EventsCheck, EventsContractEnv } from './check.ts';
import { DELIVERY_CHECKS } from './delivery-checks.ts';
import { ENDING_CHECKS } from './ending-checks.ts';
import { FEATURE_CHECKS } from './feature-checks.ts';
import { patienceMs, within } from './reader.ts';

/**
 * All that the port promises, as checks that run in any test runner, or in none.
 * They use the assertions of `node:assert`.
 */
export const EVENTS_CHECKS: readonly EventsCheck[] = [
  ...DELIVERY_CHECKS,
  ...ENDING_CHECKS,
  ...FEATURE_CHECKS,
].map(bounded);

/** A broken broker may also hang while a check cleans up behind itself. */
function bounded({ name, run }: EventsCheck): EventsCheck {
  return {
    name,
    run: (env) => within({ patienceMs: 3 * patienceMs(env) }, 'the check ends', run(env)),
  };
}

/**
 * Runs the contract of `EventBroker` as vitest tests.
 *
 * @example
 * ```ts
 * eventsContract({ name: 'memory', open: () => createMemoryBroker() });
 * ```
 */
export function eventsContract(env: EventsContractEnv): void {
  describe(`${env.name} keeps the contract of EventBroker`, () => {
    for (const check of EVENTS_CHECKS) test(check.name, () => check.run(env));
  });
}
