import { expect, it } from 'vitest';
import { startChild } from '../src/harness/child-process.ts';
import { toSharedMs } from '../src/harness/shared-clock.ts';
import type { ClockContract } from './clock-child.ts';

it('has a time of another process between the question for it and the answer', async () => {
  await using resources = new AsyncDisposableStack();
  const script = new URL('./clock-child.ts', import.meta.url);
  const child = await startChild<ClockContract>(script, 'start', resources);

  for (let i = 0; i < 20; i++) {
    const before = toSharedMs(performance.now());
    const there = await child.ask('now');
    const after = toSharedMs(performance.now());
    expect(there).toBeGreaterThan(before);
    expect(there).toBeLessThan(after);
  }
});
