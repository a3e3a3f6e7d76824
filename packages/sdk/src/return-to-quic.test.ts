import { createFakeClock, type FakeClock } from '@rta/testkit';
import { createMemoryTransportPair, type TransportConnection } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import { returnToQuic } from './return-to-quic.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A client that would rather be on QUIC; the test says what comes of each attempt. */
function startReturn(dial: () => Promise<TransportConnection>): {
  clock: FakeClock;
  attempts: AbortSignal[];
  moved: TransportConnection[];
  /** What the next moves fail with. */
  refuseMoves: Error[];
  close: () => Promise<void>;
} {
  const clock = createFakeClock();
  const attempts: AbortSignal[] = [];
  const moved: TransportConnection[] = [];
  const refuseMoves: Error[] = [];
  const closed = Promise.withResolvers<void>();
  returnToQuic({
    dial: (signal) => {
      attempts.push(signal);
      return dial();
    },
    move: (connection) => {
      const refusal = refuseMoves.shift();
      if (refusal !== undefined) return Promise.reject(refusal);
      moved.push(connection);
      return Promise.resolve();
    },
    closed: closed.promise,
    clock,
  });
  return {
    clock,
    attempts,
    moved,
    refuseMoves,
    close: () => {
      closed.resolve();
      return turn();
    },
  };
}

const noAnswer = (): Promise<never> => Promise.reject(new Error('no answer'));

describe('the return to QUIC', () => {
  test('is tried after ten seconds, then half as often each time, and at last every five minutes', async () => {
    const t = startReturn(noAnswer);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      const before = t.clock.monotonicMs();
      while (t.attempts.length === attempt) t.clock.advance(100);
      waits.push(t.clock.monotonicMs() - before);
      await turn();
    }

    // Each is up to a quarter shorter, so that many clients do not come at once.
    [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000].forEach((longestMs, at) => {
      expect(waits[at]).toBeLessThanOrEqual(longestMs + 100);
      expect(waits[at]).toBeGreaterThanOrEqual(longestMs * 0.75);
    });
  });

  test('ends with the first move that succeeds', async () => {
    const { client } = createMemoryTransportPair();
    const t = startReturn(() => Promise.resolve(client));
    t.clock.advance(10_000);
    await turn();

    expect(t.moved).toEqual([client]);
    expect(t.clock.pendingTimers).toBe(0);
  });

  test('goes on after a move that failed', async () => {
    const { client } = createMemoryTransportPair();
    const t = startReturn(() => Promise.resolve(client));
    t.refuseMoves.push(new Error('one session was refused'));
    t.clock.advance(10_000);
    await turn();
    expect(t.moved).toEqual([]);

    t.clock.advance(20_000);
    await turn();
    expect(t.moved).toEqual([client]);
  });

  test('ends with the client, and so does an attempt that is under way', async () => {
    const waiting = startReturn(noAnswer);
    await waiting.close();
    expect(waiting.clock.pendingTimers).toBe(0);

    const { promise, reject } = Promise.withResolvers<TransportConnection>();
    const dialling = startReturn(() => promise);
    dialling.clock.advance(10_000);
    await dialling.close();
    expect(dialling.attempts[0]?.aborted).toBe(true);
    reject(new Error('aborted'));
    await turn();
    expect(dialling.clock.pendingTimers).toBe(0);
  });
});
