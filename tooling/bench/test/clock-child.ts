import { runAsChild } from '../src/harness/run-as-child.ts';
import { toSharedMs } from '../src/harness/shared-clock.ts';

/** A child that tells what time it is, on the clock that processes share. */
export interface ClockContract {
  readonly options: 'start';
  readonly ready: 'ready';
  readonly request: 'now';
  readonly answer: number;
}

runAsChild<ClockContract>(async () => ({
  ready: 'ready',
  answer: () => Promise.resolve(toSharedMs(performance.now())),
}));
