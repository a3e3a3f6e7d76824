import { describe, expect, it } from 'vitest';
import { runSteps, type Step, type StepResult } from './step.ts';

function stepOf(name: string, result: Partial<StepResult> = {}): Step {
  return {
    name,
    what: `does ${name}`,
    run: () => Promise.resolve({ ok: true, output: 'printed\n', ...result }),
  };
}

async function run(steps: readonly Step[], options: { strict?: boolean; signal?: AbortSignal } = {}) {
  const lines: string[] = [];
  let nowMs = 0;
  const { ok, tally } = await runSteps(steps, {
    print: (line) => lines.push(line),
    nowMs: () => (nowMs += 1500),
    strict: options.strict ?? false,
    signal: options.signal ?? new AbortController().signal,
  });
  return { ok, tally, lines };
}

const ONE_SKIPPED = { passed: 2, failed: 0, skipped: 1, skippedTitles: ['a server that is not here'] };

describe('the gate', () => {
  it('is quiet about steps that went well, and says how long they took', async () => {
    const { ok, lines } = await run([stepOf('types'), stepOf('tests', { note: '2 passed' })]);

    expect(ok).toBe(true);
    expect(lines).toEqual([
      '[1/2] types: does types …',
      '      types ok (1.5 s)',
      '[2/2] tests: does tests …',
      '      tests ok (1.5 s, 2 passed)',
      '',
      'Every step passed.',
    ]);
  });

  it('goes on after a failure, shows it and fails', async () => {
    const { ok, lines } = await run([
      stepOf('types', { ok: false }),
      stepOf('lint'),
      stepOf('tests', { ok: false }),
    ]);

    expect(ok).toBe(false);
    expect(lines).toEqual([
      '[1/3] types: does types …',
      'printed',
      '      types FAILED (1.5 s)',
      '[2/3] lint: does lint …',
      '      lint ok (1.5 s)',
      '[3/3] tests: does tests …',
      'printed',
      '      tests FAILED (1.5 s)',
      '',
      'Failed: types, tests.',
    ]);
  });

  it('names the tests that did not run', async () => {
    const { ok, tally, lines } = await run([stepOf('tests', { tally: ONE_SKIPPED }), stepOf('last')]);

    expect(ok).toBe(true);
    expect(tally).toEqual(ONE_SKIPPED);
    expect(lines.at(-2)).toBe('not run: a server that is not here');
  });

  it('fails under CI where a test did not run', async () => {
    const { ok, lines } = await run([stepOf('tests', { tally: ONE_SKIPPED })], { strict: true });

    expect(ok).toBe(false);
    expect(lines).toContain('not run, and under CI everything runs: a server that is not here');
    expect(lines.at(-1)).toBe('Failed: tests.');
  });

  it('starts no further step once it is stopped, and fails', async () => {
    const stop = new AbortController();
    const stopping: Step = {
      name: 'types',
      what: 'is interrupted',
      run: () => {
        stop.abort();
        return Promise.resolve({ ok: false, output: 'so far' });
      },
    };
    const { ok, lines } = await run([stopping, stepOf('tests')], { signal: stop.signal });

    expect(ok).toBe(false);
    expect(lines).toContain('so far');
    expect(lines).toContain('tests: stopped before it began');
    expect(lines.at(-1)).toBe('Failed: types, tests.');
  });
});
