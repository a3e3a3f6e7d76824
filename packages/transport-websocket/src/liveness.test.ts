import { createFakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { Liveness } from './liveness.ts';

function watched(options: { idleTimeoutMs?: number; keepAliveMs?: number } = {}) {
  const clock = createFakeClock();
  const said: string[] = [];
  const liveness: Liveness = new Liveness({
    clock,
    idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
    keepAliveMs: options.keepAliveMs,
    ping: () => said.push(`ping at ${clock.monotonicMs()}`),
    onDead: (reason) => {
      said.push(`${reason} at ${clock.monotonicMs()}`);
      liveness.stop();
    },
  });
  return { clock, said, liveness };
}

describe('a peer is dead when', () => {
  test('nothing was heard of it for the idle timeout [W-6.3]', () => {
    const { clock, said, liveness } = watched();
    liveness.start(30_000);
    clock.advance(20_000);
    liveness.heard();
    clock.advance(29_999);
    expect(said).toEqual([]);
    clock.advance(1);
    expect(said).toEqual(['nothing was heard of the peer at 50000']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('it talks on and takes nothing for the idle timeout [W-6.4]', () => {
    const { clock, said, liveness } = watched();
    liveness.start(30_000);
    clock.advance(5_000);
    liveness.sending();
    liveness.sending();
    clock.advance(10_000);
    liveness.sent();
    for (let elapsedMs = 0; elapsedMs < 30_000; elapsedMs += 1_000) {
      liveness.heard();
      expect(said).toEqual([]);
      clock.advance(1_000);
    }
    expect(said).toEqual(['the peer takes nothing at 45000']);
  });
});

test('a peer that has taken everything is owed nothing', () => {
  const { clock, said, liveness } = watched();
  liveness.start(30_000);
  liveness.sending();
  clock.advance(29_000);
  liveness.sent();
  liveness.heard();
  clock.advance(29_000);
  liveness.sending();
  liveness.heard();
  clock.advance(29_000);
  expect(said).toEqual([]);
});

test.each([
  { why: 'as it was told', keepAliveMs: 10_000, peerIdleTimeoutMs: 30_000, everyMs: 10_000 },
  {
    why: 'sooner, for a peer that is less patient',
    keepAliveMs: 10_000,
    peerIdleTimeoutMs: 9_000,
    everyMs: 3_000,
  },
])('a side that hears nothing pings $why [W-6.3]', ({ keepAliveMs, peerIdleTimeoutMs, everyMs }) => {
  const { clock, said, liveness } = watched({ keepAliveMs });
  liveness.start(peerIdleTimeoutMs);
  clock.advance(1_000);
  liveness.heard();
  clock.advance(everyMs - 1);
  expect(said).toEqual([]);
  clock.advance(1);
  clock.advance(everyMs);
  expect(said).toEqual([`ping at ${1_000 + everyMs}`, `ping at ${1_000 + 2 * everyMs}`]);
  liveness.stop();
  expect(clock.pendingTimers).toBe(0);
});
