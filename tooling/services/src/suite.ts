import { describe, test } from 'vitest';
import type { Service } from './service.ts';

/**
 * Tests that need a real server, as a block of vitest. Where the machine cannot have it, one test stands for them all
 * that is skipped and whose title says what to install; under CI the gate counts that as a failure.
 *
 * @example
 * ```ts
 * await describeWith(redis, 'the store over Redis', () => {
 *   test('…', async () => {
 *     await using server = await startRedis();
 *   });
 * });
 * ```
 */
export async function describeWith(service: Service, title: string, tests: () => void): Promise<void> {
  const obtained = await service.obtain();
  if (obtained.available) describe(title, tests);
  else test.skip(`${title}: needs ${service.name} (${obtained.install}): ${obtained.because}`, () => {});
}
