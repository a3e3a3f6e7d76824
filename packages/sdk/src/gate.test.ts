import { describe, expect, test } from 'vitest';
import { createGate } from './gate.ts';

/** Something that is under way until it is told to end. */
function task(): { run: () => Promise<string>; readonly running: boolean; end: (result: string) => void } {
  const { promise, resolve } = Promise.withResolvers<string>();
  let running = false;
  return {
    run: async () => {
      running = true;
      return promise;
    },
    get running() {
      return running;
    },
    end: resolve,
  };
}

/** Lets everything go on that can. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const fail = (): Promise<never> => Promise.reject(new Error('failed'));

describe('a gate', () => {
  test('lets errands run side by side', async () => {
    const gate = createGate();
    const [one, other] = [task(), task()];
    const results = [gate.pass(one.run), gate.pass(other.run)];
    await turn();
    expect([one.running, other.running]).toEqual([true, true]);

    other.end('other');
    one.end('one');
    expect(await Promise.all(results)).toEqual(['one', 'other']);
  });

  test('lets a move wait for a moment without errands, and errands go on until then', async () => {
    const gate = createGate();
    const [first, second, move] = [task(), task(), task()];
    const results = [gate.pass(first.run), gate.alone(move.run), gate.pass(second.run)];
    await turn();
    first.end('first');
    await turn();
    expect([second.running, move.running]).toEqual([true, false]);

    second.end('second');
    await turn();
    expect(move.running).toBe(true);
    move.end('moved');
    expect(await Promise.all(results)).toEqual(['first', 'moved', 'second']);
  });

  test('holds errands and other moves back while a move runs', async () => {
    const gate = createGate();
    const [move, errand, next] = [task(), task(), task()];
    const results = [gate.alone(move.run), gate.pass(errand.run), gate.alone(next.run)];
    let settled = false;
    void gate.settled().then(() => {
      settled = true;
    });
    await turn();
    expect([move.running, errand.running, next.running, settled]).toEqual([true, false, false, false]);

    move.end('moved');
    await turn();
    expect([errand.running, next.running, settled]).toEqual([true, false, true]);
    errand.end('errand');
    next.end('moved again');
    expect(await Promise.all(results)).toEqual(['moved', 'errand', 'moved again']);
  });

  test('opens again after a move or an errand that failed', async () => {
    const gate = createGate();

    await expect(gate.alone(fail)).rejects.toThrow('failed');
    await expect(gate.pass(fail)).rejects.toThrow('failed');
    expect(await gate.pass(() => Promise.resolve('done'))).toBe('done');
    expect(await gate.alone(() => Promise.resolve('moved'))).toBe('moved');
  });
});
