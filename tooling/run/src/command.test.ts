import { afterEach, describe, expect, it, vi } from 'vitest';
import { pnpm, run, runInForeground } from './command.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a command', () => {
  it('keeps what both streams print, and the exit code', async () => {
    const script = "process.stdout.write('out '); process.stderr.write('err'); process.exitCode = 3;";
    const { exitCode, output } = await run([process.execPath, '-e', script]);

    expect(exitCode).toBe(3);
    expect(output).toContain('out ');
    expect(output).toContain('err');
  });

  it('runs on the Node and the tools of the lockfile, and reads no terminal', async () => {
    const script = `
      const [first] = process.env.PATH.split(require('node:path').delimiter);
      process.stdin.on('end', () => console.log(first.endsWith('/node_modules/.bin'), process.env.TURBO_TELEMETRY_DISABLED));
      process.stdin.resume();`;

    expect((await run([process.execPath, '-e', script])).output).toBe('true 1\n');
  });

  it('has ended with 127 where there is no such program', async () => {
    const { exitCode, output } = await run(['rta-no-such-program']);

    expect(exitCode).toBe(127);
    expect(output).toContain('rta-no-such-program');
  });

  it('is ended by the signal, with what it had printed', async () => {
    const stop = new AbortController();
    const running = run([process.execPath, '-e', 'setInterval(() => {}, 1000)'], stop.signal);
    stop.abort();

    expect((await running).exitCode).not.toBe(0);
  });

  it('gives the exit code of one in the foreground, also where a signal ended it', async () => {
    expect(await runInForeground([process.execPath, '-e', 'process.exit(5)'])).toBe(5);
    expect(
      await runInForeground([
        process.execPath,
        '-e',
        "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)",
      ]),
    ).toBe(143);
  });
});

describe('pnpm', () => {
  it('is the one that runs this script', () => {
    vi.stubEnv('npm_execpath', '/opt/pnpm/pnpm');
    expect(pnpm('pack')).toEqual(['/opt/pnpm/pnpm', 'pack']);

    vi.stubEnv('npm_execpath', '/opt/pnpm/bin/pnpm.cjs');
    expect(pnpm('pack')).toEqual([process.execPath, '/opt/pnpm/bin/pnpm.cjs', 'pack']);
  });

  it('is fetched where another tool, or none, runs this script', () => {
    vi.stubEnv('npm_execpath', '/opt/npm/bin/npm-cli.js');
    expect(pnpm('pack')).toEqual(['npx', '-y', 'pnpm@12', 'pack']);

    vi.stubEnv('npm_execpath', undefined);
    expect(pnpm('pack')).toEqual(['npx', '-y', 'pnpm@12', 'pack']);
  });
});
