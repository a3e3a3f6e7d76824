import { describeWith, type RunningRedis, redis, startRedis } from '@rta/services';
import { createFakeClock, storeContract } from '@rta/testkit';
import { afterAll, beforeAll } from 'vitest';
import { openRedisStore } from '../src/index.ts';

await describeWith(redis, 'a Redis that writes to its disk', () => {
  let server: RunningRedis;
  beforeAll(async () => {
    server = await startRedis({ persistence: 'always' });
  });
  afterAll(() => server.close());

  const clock = createFakeClock();
  storeContract({
    name: 'the store in Redis',
    open: (keyPrefix) => openRedisStore({ url: server.url, node: 'node-1', keyPrefix, clock }),
    openSmall: (keyPrefix) =>
      openRedisStore({
        url: server.url,
        node: 'node-1',
        keyPrefix,
        clock,
        limits: { singleUseCount: 4, recordCount: 4, auditCount: 4, clockToleranceMs: 1 },
      }),
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms),
  });
});
