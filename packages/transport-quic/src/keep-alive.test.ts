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

test('a peer that answers is asked once in an interval, so that its idle timeout is never near', () => {
  const clock = createFakeClock();
  const askedAtMs: number[] = [];
  let recv = 0;
  const native = {
    stats: () => ({ recv }),
    sendAckEliciting: () => {},
  } as unknown as NativeConnection;
  const keepAlive = new KeepAlive(native, clock, 10_000, {
    onAsked: () => {
      askedAtMs.push(clock.monotonicMs());
      // The answer comes a little later.
      clock.after(3, () => {
        recv += 1;
      });
    },
    onSilence: () => {
      throw new Error('the peer has answered');
    },
  });
  clock.advance(40_000);
  keepAlive.cancel();
  expect(askedAtMs).toEqual([10_000, 20_000, 30_000, 40_000]);
});

test('while packets come nobody is asked', () => {
  const clock = createFakeClock();
  let asked = 0;
  let recv = 0;
  const native = {
    stats: () => ({ recv }),
    sendAckEliciting: () => {},
  } as unknown as NativeConnection;
  const keepAlive = new KeepAlive(native, clock, 10_000, {
    onAsked: () => {
      asked += 1;
    },
    onSilence: () => {},
  });
  for (let count = 0; count < 20; count++) {
    recv += 1;
    clock.advance(4_000);
  }
  keepAlive.cancel();
  expect(asked).toBe(0);
});
