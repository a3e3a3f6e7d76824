import { createFakeClock } from '@rta/testkit';
import { expect, test } from 'vitest';
import { KeepAlive } from './keep-alive.ts';
import type { NativeConnection } from './native.ts';

test('a connection without a path to ask on goes on, and its silence is told', () => {
  const clock = createFakeClock();
  const told: string[] = [];
  const native = {
    stats: () => ({ recv: 3 }),
    sendAckEliciting: () => {
      throw new Error('InvalidState');
    },
  } as unknown as NativeConnection;
  const keepAlive = new KeepAlive(native, clock, 10_000, {
    onAsked: () => void told.push('asked'),
    onSilence: () => void told.push('silence'),
  });
  clock.advance(10_000);
  clock.advance(10_000);
  keepAlive.cancel();
  clock.advance(10_000);
  expect(told).toEqual(['asked', 'silence', 'asked']);
});
