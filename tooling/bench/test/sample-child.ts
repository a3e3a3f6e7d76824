import { runAsChild } from '../src/harness/run-as-child.ts';

/** A child that doubles numbers, and fails where it is told to. */
export interface SampleContract {
  readonly options: { readonly failAtStart: boolean };
  readonly ready: { readonly pid: number; readonly place: string | undefined };
  readonly request: number | 'fail' | 'hold' | 'exit';
  readonly answer: number;
}

runAsChild<SampleContract>(async ({ failAtStart }, resources) => {
  if (failAtStart) throw new Error('no port is free');
  const staysAlive = setInterval(() => undefined, 60_000);
  resources.defer(() => clearInterval(staysAlive));
  let held: Buffer;
  return {
    ready: { pid: process.pid, place: process.env['RTA_BENCH_PLACE'] },
    async answer(request) {
      if (request === 'hold') {
        held = Buffer.alloc(64_000_000, 1);
        return held.byteLength;
      }
      if (request === 'fail') throw new Error('cannot be answered');
      if (request === 'exit') {
        process.stderr.write('out of memory');
        process.exit(7);
      }
      return request * 2;
    },
  };
});
