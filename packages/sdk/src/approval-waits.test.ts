import { createFakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { createApprovalWaits } from './approval-waits.ts';

function start() {
  const clock = createFakeClock();
  const waits = createApprovalWaits(clock);
  const abort = new AbortController();
  const wait = (id: string, lifetimeMs = 600_000) =>
    waits.wait({ id, expiresAtMs: clock.now() + lifetimeMs }, abort.signal);
  return { clock, waits, abort, wait };
}

describe('waiting for an approval', () => {
  test('tells everybody who waits for this one, and nobody else', async () => {
    const { clock, waits, wait } = start();
    const outcomes = [wait('a-1'), wait('a-1'), wait('a-2')];

    waits.settle('a-1', 'approved');
    waits.settle('a-3', 'refused');
    clock.advance(600_000);

    expect(await Promise.all(outcomes)).toEqual(['approved', 'approved', 'void']);
  });

  test('ends with the time of the approval, were it over before', async () => {
    const { clock, wait } = start();
    const [later, over] = [wait('a-1', 1_000), wait('a-2', -1_000)];

    clock.advance(0);
    expect(await over).toBe('void');
    clock.advance(1_000);
    expect(await later).toBe('void');
  });

  test('lasts longer than a timer can, where the approval does', async () => {
    const { waits, wait } = start();
    const delaysMs: number[] = [];
    const long = createApprovalWaits({
      now: () => 0,
      after: (delayMs) => {
        delaysMs.push(delayMs);
        return { cancel: () => undefined };
      },
    });
    const outcome = long.wait({ id: 'a-1', expiresAtMs: 2 ** 53 - 1 }, new AbortController().signal);
    long.settle('a-1', 'approved');

    expect(await outcome).toBe('approved');
    expect(delaysMs).toEqual([2_147_483_647]);
    const other = wait('a-1');
    waits.settle('a-1', 'refused');
    expect(await other).toBe('refused');
  });

  test('is given up with the reason of the signal', async () => {
    const { abort, wait } = start();
    const outcome = wait('a-1');

    abort.abort(new Error('the user went away'));

    await expect(outcome).rejects.toThrow('the user went away');
    await expect(wait('a-1')).rejects.toThrow('the user went away');
  });

  test('knows what was told before anybody waited, once', async () => {
    const { clock, waits, wait } = start();
    waits.settle('a-1', 'approved');

    expect(await wait('a-1')).toBe('approved');
    const again = wait('a-1', 1_000);
    clock.advance(1_000);
    expect(await again).toBe('void');
  });

  test('remembers the newest 64 of what nobody waited for [I9]', async () => {
    const { clock, waits, wait } = start();
    for (let number = 0; number <= 64; number++) waits.settle(`a-${number}`, 'refused');

    expect(await wait('a-64')).toBe('refused');
    expect(await wait('a-1')).toBe('refused');
    const forgotten = wait('a-0', 1_000);
    clock.advance(1_000);
    expect(await forgotten).toBe('void');
  });

  test('starts over where something may not have been heard', async () => {
    const { waits, wait } = start();
    const outcomes = [wait('a-1'), wait('a-2')];

    waits.unheard();

    expect(await Promise.all(outcomes)).toEqual(['unheard', 'unheard']);
  });

  test('leaves no timer behind', async () => {
    const cancelled: number[] = [];
    let timers = 0;
    const waits = createApprovalWaits({
      now: () => 0,
      after: () => {
        const number = ++timers;
        return { cancel: () => void cancelled.push(number) };
      },
    });
    const abort = new AbortController();
    const told = waits.wait({ id: 'a-1', expiresAtMs: 1 }, abort.signal);
    const given = waits.wait({ id: 'a-2', expiresAtMs: 1 }, abort.signal);
    waits.settle('a-1', 'void');
    abort.abort(new Error('enough'));

    expect(await told).toBe('void');
    await expect(given).rejects.toThrow('enough');
    expect(cancelled).toEqual([1, 2]);
  });
});
