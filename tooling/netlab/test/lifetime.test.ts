import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { createNetlab, type Netlab } from '../src/index.ts';
import { CAN_RUN, messageOf, titled } from './lab.ts';

const execute = promisify(execFile);

const namespacesOf = (lab: Netlab): readonly string[] =>
  (['client', 'server'] as const).map((side) => lab.command(side).args[2] ?? '');
const thoseLeft = (names: readonly string[]): readonly string[] =>
  readdirSync('/run/netns').filter((name) => names.includes(name));
const relayOf = (lab: Netlab): number => Number(namespacesOf(lab)[0]?.split('-')[2]);

const CLOSED = expect.objectContaining({ code: 'RTA_NETLAB_CLOSED' });

describe.skipIf(!CAN_RUN)(titled('a laboratory'), () => {
  it('runs commands and scripts on its sides, with its network and no other', async () => {
    await using lab = await createNetlab();
    const { command, args } = lab.command('server');
    const { stdout } = await execute(command, [...args, 'ip', '-brief', '-4', 'address']);
    expect(stdout).toMatch(/^lo\s+\S+\s+127\.0\.0\.1\/8\s*\nlab0\s+\S+\s+198\.51\.100\.1\/32\s*$/);

    const script = 'process.send([Object.keys(require("os").networkInterfaces()), process.argv.slice(2)])';
    const child = lab.run('client', '-', { execArgv: ['-e', script], args: ['an', 'argument'] });
    expect(await messageOf(child)).toEqual([
      ['lo', 'lab0'],
      ['an', 'argument'],
    ]);
  });

  it('has the same addresses as another beside it, and nothing to do with it', async () => {
    await using one = await createNetlab();
    await using other = await createNetlab();
    expect(one.clientAddress).toBe('192.0.2.1');
    expect(other.clientAddress).toBe('192.0.2.1');
    expect(new Set([...namespacesOf(one), ...namespacesOf(other)]).size).toBe(4);
  });

  it('leaves nothing behind when it is closed, and is closed once', async () => {
    const lab = await createNetlab();
    const names = namespacesOf(lab);
    const child = lab.run('client', '-', {
      execArgv: ['-e', 'setInterval(() => {}, 60_000); process.send("up")'],
    });
    await messageOf(child);
    expect(thoseLeft(names)).toHaveLength(2);
    await Promise.all([lab.close(), lab.close()]);

    expect(thoseLeft(names)).toEqual([]);
    expect(child.signalCode).toBe('SIGKILL');
    expect(() => process.kill(relayOf(lab), 0)).toThrow('ESRCH');
    await expect(lab.stats()).rejects.toEqual(CLOSED);
    await expect(lab.addClientAddress()).rejects.toEqual(CLOSED);
    expect(() => lab.run('client', '-')).toThrow(CLOSED);
  });

  it('ends with the process that opened it, even where that is killed', async () => {
    const owner = fork(new URL('./owner.ts', import.meta.url), { execArgv: ['--conditions=rta-source'] });
    const names = (await messageOf(owner)) as readonly string[];
    expect(thoseLeft(names)).toHaveLength(2);
    owner.kill('SIGKILL');
    await once(owner, 'exit');

    await vi.waitFor(() => expect(thoseLeft(names)).toEqual([]), { timeout: 10_000 });
  });

  it('says so when its relay was killed, and the next one deletes what that left', async () => {
    const lab = await createNetlab();
    const names = namespacesOf(lab);
    process.kill(relayOf(lab), 'SIGKILL');
    await expect(lab.stats()).rejects.toEqual(CLOSED);
    await expect(lab.close()).rejects.toEqual(CLOSED);
    expect(thoseLeft(names)).toHaveLength(2);

    await using next = await createNetlab();
    expect(thoseLeft(names)).toEqual([]);
    expect(thoseLeft(namespacesOf(next))).toHaveLength(2);
  });

  it('is not opened where its caller has given up', async () => {
    const reason = new Error('no longer wanted');
    const stop = new AbortController();
    const opening = createNetlab({ signal: stop.signal });
    stop.abort(reason);

    await expect(opening).rejects.toBe(reason);
    await expect(createNetlab({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('refuses a profile that no link can have', async () => {
    await using lab = await createNetlab();
    await expect(lab.setProfile({ lossRatio: 2 })).rejects.toThrow(RangeError);
  });
});
