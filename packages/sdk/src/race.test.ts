import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { type RaceResult, race } from './race.ts';

/** An attempt whose end a test decides. */
class Runner {
  readonly kind: string;
  readonly #result = Promise.withResolvers<string>();
  signal: AbortSignal | undefined;

  constructor(kind: string) {
    this.kind = kind;
  }

  start = (signal: AbortSignal): Promise<string> => {
    this.signal = signal;
    return this.#result.promise;
  };

  /** `waiting`, `running`, or `stopped` by the race. */
  get state(): string {
    if (this.signal === undefined) return 'waiting';
    return this.signal.aborted ? 'stopped' : 'running';
  }

  succeed(): Promise<void> {
    this.#result.resolve(`by ${this.kind}`);
    return turn();
  }

  fail(message: string): Promise<void> {
    this.#result.reject(new Error(message));
    return turn();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function startRace(signal?: AbortSignal): {
  first: Runner;
  second: Runner;
  clock: FakeClock;
  discarded: string[];
  result: Promise<RaceResult<string, string>>;
} {
  const [first, second] = [new Runner('first'), new Runner('second')];
  const clock = createFakeClock();
  const discarded: string[] = [];
  const result = race<string, string>({
    attempts: [first, second],
    headStartMs: 200,
    clock,
    isFinal: (error) => messageOf(error) === 'final',
    discard: (loser) => discarded.push(loser),
    allFailed: (failures) => new AggregateError([...failures.values()], 'all failed'),
    ...(signal === undefined ? {} : { signal }),
  });
  result.catch(() => undefined);
  return { first, second, clock, discarded, result };
}

describe('a race', () => {
  test('is won by the first where it succeeds within its head start, and the second never starts', async () => {
    const { first, second, clock, result } = startRace();
    clock.advance(199);
    await first.succeed();
    clock.advance(1_000);

    expect(await result).toMatchObject({ kind: 'first', winner: 'by first' });
    expect(second.state).toBe('waiting');
    expect(clock.pendingTimers).toBe(0);
  });

  test('is won by the second where the first does not answer, and the first is stopped', async () => {
    const { first, second, clock, result } = startRace();
    clock.advance(200);
    expect(second.state).toBe('running');
    await second.succeed();

    expect(await result).toMatchObject({ kind: 'second', winner: 'by second' });
    expect(first.state).toBe('stopped');
  });

  test('may still be won by the first when both run', async () => {
    const { first, second, clock, result } = startRace();
    clock.advance(200);
    await first.succeed();

    expect(await result).toMatchObject({ kind: 'first' });
    expect(second.state).toBe('stopped');
  });

  test('starts the second at once where the first fails', async () => {
    const { first, second, clock, result } = startRace();
    await first.fail('no route');
    expect(second.state).toBe('running');
    await second.succeed();

    const { failures } = await result;
    expect([...failures].map(([kind, error]) => [kind, messageOf(error)])).toEqual([['first', 'no route']]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('discards what a loser reaches although it was stopped', async () => {
    const { first, second, clock, result, discarded } = startRace();
    clock.advance(200);
    await second.succeed();
    await first.succeed();

    expect(await result).toMatchObject({ kind: 'second' });
    expect(discarded).toEqual(['by first']);
  });

  test('ends with a final error, whoever meets it, and nothing else is tried', async () => {
    const alone = startRace();
    await alone.first.fail('final');
    await expect(alone.result).rejects.toThrow('final');
    expect(alone.second.state).toBe('waiting');

    const both = startRace();
    both.clock.advance(200);
    await both.second.fail('final');
    await expect(both.result).rejects.toThrow('final');
    expect(both.first.state).toBe('stopped');
  });

  test('that all lost names all errors, in the order of preference', async () => {
    const { first, second, clock, result } = startRace();
    clock.advance(200);
    await second.fail('refused');
    await first.fail('no answer');

    const failure: unknown = await result.catch((error: unknown) => error);
    if (!(failure instanceof AggregateError)) throw new Error('expected the errors of both');
    expect(failure.errors.map(messageOf)).toEqual(['no answer', 'refused']);
  });

  test('that is called off stops all, and rejects with the reason', async () => {
    const controller = new AbortController();
    const { first, second, clock, result } = startRace(controller.signal);
    clock.advance(200);
    controller.abort(new Error('called off'));

    await expect(result).rejects.toThrow('called off');
    expect([first.state, second.state]).toEqual(['stopped', 'stopped']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('that was called off before starts nothing', async () => {
    const { first, result } = startRace(AbortSignal.abort(new Error('called off')));

    await expect(result).rejects.toThrow('called off');
    expect(first.state).toBe('waiting');
  });
});
