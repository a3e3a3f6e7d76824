import { createFakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { createPendingRequests } from './pending-requests.ts';

const NOTHING = (): void => undefined;

describe('requests that wait', () => {
  test('are answered by their id, in any order, and once', async () => {
    const pending = createPendingRequests<string>(createFakeClock());
    const ids: number[] = [];
    const answers = [1, 2].map(() => pending.ask((id) => ids.push(id)));

    expect(pending.answer(ids[1] ?? 0, 'second')).toBe(true);
    expect(pending.answer(ids[0] ?? 0, 'first')).toBe(true);

    expect(await Promise.all(answers)).toEqual(['first', 'second']);
    expect(pending.answer(ids[0] ?? 0, 'again')).toBe(false);
    expect(pending.size).toBe(0);
  });

  test('have ids from 1 on, so that 0 answers nobody', () => {
    const pending = createPendingRequests<string>(createFakeClock());
    const ids: number[] = [];
    for (let i = 0; i < 3; i++) void pending.ask((id) => ids.push(id));

    expect(ids).toEqual([1, 2, 3]);
  });

  test('fail when their time is up, each at its own', async () => {
    const clock = createFakeClock();
    const pending = createPendingRequests<string>(clock);
    const codes: string[] = [];
    const ask = (name: string): void =>
      void pending.ask(NOTHING).catch((error: { code: string }) => codes.push(`${name}: ${error.code}`));
    ask('early');
    clock.advance(6_000);
    ask('late');

    clock.advance(5_000);
    await Promise.resolve();
    expect(codes).toEqual(['early: RTA_SDK_TIMEOUT']);
    clock.advance(6_000);
    await Promise.resolve();
    expect(codes).toEqual(['early: RTA_SDK_TIMEOUT', 'late: RTA_SDK_TIMEOUT']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('are limited in number', async () => {
    const pending = createPendingRequests<string>(createFakeClock());
    for (let i = 0; i < 16_384; i++) void pending.ask(NOTHING);

    await expect(pending.ask(NOTHING)).rejects.toMatchObject({ code: 'RTA_SDK_OVERLOAD' });
  });

  test('do not stay where they could not be sent', async () => {
    const pending = createPendingRequests<string>(createFakeClock());
    const failing = pending.ask(() => {
      throw new RangeError('too long');
    });

    await expect(failing).rejects.toThrow(RangeError);
    expect(pending.size).toBe(0);
  });

  test('are known to be over when the last one was answered, or had no answer in time', async () => {
    const clock = createFakeClock();
    const pending = createPendingRequests<string>(clock);
    const ids: number[] = [];
    const answers = [1, 2].map(() => pending.ask((id) => ids.push(id)).catch(() => 'none'));
    let over = false;
    const empty = pending.whenEmpty().then(() => {
      over = true;
    });

    pending.answer(ids[0] ?? 0, 'first');
    await answers[0];
    expect(over).toBe(false);
    clock.advance(11_000);
    await empty;

    expect(await Promise.all(answers)).toEqual(['first', 'none']);
    await pending.whenEmpty();
  });

  test('all fail together, and so does what is asked afterwards', async () => {
    const clock = createFakeClock();
    const pending = createPendingRequests<string>(clock);
    const waiting = pending.ask(NOTHING);
    const gone = new Error('gone');

    pending.failAll(gone);

    await expect(waiting).rejects.toBe(gone);
    await expect(pending.ask(NOTHING)).rejects.toBe(gone);
    expect(clock.pendingTimers).toBe(0);
  });
});
