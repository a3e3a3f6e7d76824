import { fork } from 'node:child_process';
import { expect, it } from 'vitest';
import { type Place, startChild } from '../src/harness/child-process.ts';
import type { SampleContract } from './sample-child.ts';

const SCRIPT = new URL('./sample-child.ts', import.meta.url);

function startSample(resources: AsyncDisposableStack, failAtStart = false) {
  return startChild<SampleContract>(SCRIPT, { failAtStart }, resources);
}

it('runs a script in a process of its own, and asks it', async () => {
  await using resources = new AsyncDisposableStack();
  const child = await startSample(resources);

  expect(child.ready.pid).not.toBe(process.pid);
  expect(await Promise.all([child.ask(1), child.ask(20)])).toEqual([2, 40]);
});

it('knows what the process has taken of the processor', async () => {
  await using resources = new AsyncDisposableStack();
  const child = await startSample(resources);
  const before = await child.cpuSeconds();
  await child.ask(1);

  expect(before).toBeGreaterThan(0);
  expect(await child.cpuSeconds()).toBeGreaterThan(before);
});

it('knows what memory the process holds', async () => {
  await using resources = new AsyncDisposableStack();
  const child = await startSample(resources);
  const before = await child.residentBytes();
  await child.ask('hold');

  expect((await child.residentBytes()) - before).toBeGreaterThan(60_000_000);
});

it('runs the process in another place', async () => {
  await using resources = new AsyncDisposableStack();
  const env = { ...process.env, RTA_BENCH_PLACE: 'elsewhere' };
  const elsewhere: Place = { run: (script, options) => fork(script, { ...options, env }) };
  const child = await startChild<SampleContract>(SCRIPT, { failAtStart: false }, resources, elsewhere);

  expect(child.ready.place).toBe('elsewhere');
  expect(await child.ask(4)).toBe(8);
});

it('says why a place cannot run it', async () => {
  await using resources = new AsyncDisposableStack();
  const nowhere: Place = {
    run: (script, options) => fork(script, { ...options, execPath: './no-such-program' }),
  };
  const child = startChild<SampleContract>(SCRIPT, { failAtStart: false }, resources, nowhere);

  await expect(child).rejects.toThrow('ENOENT');
});

it('tells one failed question from the others', async () => {
  await using resources = new AsyncDisposableStack();
  const child = await startSample(resources);

  await expect(child.ask('fail')).rejects.toThrow('cannot be answered');
  expect(await child.ask(3)).toBe(6);
});

it('says why a script could not start', async () => {
  await using resources = new AsyncDisposableStack();
  await expect(startSample(resources, true)).rejects.toThrow('no port is free');
});

it('fails what waits where the process ends, with the last that it said', async () => {
  await using resources = new AsyncDisposableStack();
  const child = await startSample(resources);

  await expect(child.ask('exit')).rejects.toThrow(/sample-child\.ts has ended with 7: .*out of memory/);
  await expect(child.ask(1)).rejects.toThrow('has ended');
});

it('leaves no process behind, whether it started or not', async () => {
  const resources = new AsyncDisposableStack();
  const { ready } = await startSample(resources);
  await startSample(resources, true).catch(() => undefined);
  await resources.disposeAsync();

  expect(() => process.kill(ready.pid, 0)).toThrow('ESRCH');
});
