import { createFakeClock } from '@rta/testkit';
import { expect, test } from 'vitest';
import type { QuicEndpoint } from './endpoint.ts';
import { LingeringClose } from './lingering-close.ts';
import type { NativeConnection } from './native.ts';

test('a close that quiche cannot say any more is given up', async () => {
  const clock = createFakeClock();
  const endpoint = {
    sender: { space: () => Buffer.alloc(1_200) },
    addRoute: () => {},
    removeRoute: () => {},
  } as unknown as QuicEndpoint;
  const native = {
    timeout: () => 5,
    onTimeout: () => {},
    send: () => {
      throw new Error('InvalidState');
    },
  } as unknown as NativeConnection;
  const peer = { host: '127.0.0.1', port: 1 };
  const close = new LingeringClose({
    endpoint,
    clock,
    packet: undefined,
    native,
    peer,
    routes: [],
    lingerMs: 100,
  });
  clock.advance(6);
  await expect(close.told).resolves.toBeUndefined();
  close.end();
});
