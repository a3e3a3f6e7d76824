import { describe, test } from 'vitest';
import type { TransportCheck, TransportContractEnv } from './check.ts';
import { CLOSE_CHECKS } from './close-checks.ts';
import { FLOW_CHECKS } from './flow-checks.ts';
import { RESET_CHECKS } from './reset-checks.ts';
import { STREAM_CHECKS } from './stream-checks.ts';

/**
 * All that the port promises of a connection, as checks that run in any test runner, or in none.
 * They use the assertions of `node:assert`.
 */
export const TRANSPORT_CHECKS: readonly TransportCheck[] = [
  ...STREAM_CHECKS,
  ...FLOW_CHECKS,
  ...RESET_CHECKS,
  ...CLOSE_CHECKS,
];

/**
 * Runs the contract of `TransportConnection` and `TransportStream` as vitest tests.
 *
 * @example
 * ```ts
 * transportContract({
 *   name: 'memory',
 *   open: async (limits) => {
 *     const { client, server } = createMemoryTransportPair(limits);
 *     return { client, server, close: async () => { await Promise.all([client.close(), server.close()]); } };
 *   },
 * });
 * ```
 */
export function transportContract(env: TransportContractEnv): void {
  describe(`${env.name} keeps the contract of the transport port`, () => {
    for (const check of TRANSPORT_CHECKS) test(check.name, () => check.run(env));
  });
}
