import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PdpChange } from '@rta/pdp';
import { createFakeClock } from '@rta/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CedarPdp, cedarFolder, createCedarPdp } from '../src/index.ts';

const READ = '@id("read") permit(principal, action == Action::"read", resource);';
const FORBID = '@id("none") forbid(principal, action, resource);';
const REQUEST = {
  subject: { type: 'User', id: 'alice' },
  action: { name: 'read' },
  resource: { type: 'File', id: 'a' },
};

let parent: string;
let folder: string;
const write = (name: string, content: string | Uint8Array): Promise<void> =>
  writeFile(join(folder, name), content);

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'rta-cedar-'));
  folder = join(parent, 'policies');
  await mkdir(folder);
  await write('a.cedar', READ);
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const nextChange = (pdp: CedarPdp): Promise<PdpChange> =>
  new Promise((resolve) => {
    const handle = pdp.watch((change) => {
      handle.close();
      resolve(change);
    });
  });

/** Replaces a file as a careful writer does: at once. */
async function replaceFile(name: string, text: string): Promise<void> {
  await write(`.${name}`, text);
  await rename(join(folder, `.${name}`), join(folder, name));
}

describe('a folder of policies', () => {
  test('is its *.cedar and *.cedarschema files, through links', async () => {
    await write(
      'schema.cedarschema',
      'entity User; entity File; action read appliesTo { principal: User, resource: File };',
    );
    await write('README.md', 'permit');
    await write('.hidden.cedar', 'permit');
    await write('a.cedar~', 'permit');
    await write('cedar', 'permit');
    await mkdir(join(folder, 'old'));
    await writeFile(join(folder, 'old', 'b.cedar'), 'permit');
    await writeFile(join(parent, 'elsewhere'), FORBID.replace('none', 'linked'));
    await symlink(join(parent, 'elsewhere'), join(folder, 'linked.cedar'));
    await using pdp = await createCedarPdp({ source: cedarFolder(folder) });
    expect(pdp.evaluate(REQUEST)).toMatchObject({
      effect: 'deny',
      reasons: [{ policyId: 'linked.cedar#linked' }],
    });
  });

  test('may begin with a byte order mark', async () => {
    await write('a.cedar', `\uFEFF${READ}`);
    await using pdp = await createCedarPdp({ source: cedarFolder(folder) });
    expect(pdp.evaluate(REQUEST).effect).toBe('permit');
  });

  test.each([
    ['is not there', async () => rm(folder, { recursive: true }), 'RTA_PDP_CEDAR_SOURCE'],
    ['is empty', async () => unlink(join(folder, 'a.cedar')), 'RTA_PDP_CEDAR_SOURCE'],
    [
      'holds a file that is not UTF-8',
      async () => write('b.cedar', Uint8Array.of(0x2f, 0x2f, 0xe9)),
      'RTA_PDP_CEDAR_SOURCE',
    ],
    ['holds a folder for a file', async () => mkdir(join(folder, 'b.cedar')), 'RTA_PDP_CEDAR_SOURCE'],
    [
      'holds a link to nowhere',
      async () => symlink(join(parent, 'nowhere'), join(folder, 'b.cedar')),
      'RTA_PDP_CEDAR_SOURCE',
    ],
    [
      'holds a file above the limit',
      async () => write('b.cedar', ' '.repeat(1_048_577)),
      'RTA_PDP_CEDAR_LIMIT',
    ],
  ])('that %s is refused', async (_, spoil, code) => {
    await spoil();
    await expect(createCedarPdp({ source: cedarFolder(folder) })).rejects.toMatchObject({ code });
  });

  test('that holds a pipe is not waited for', async () => {
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(folder, 'b.cedar')]);
    await expect(createCedarPdp({ source: cedarFolder(folder) })).rejects.toMatchObject({
      code: 'RTA_PDP_CEDAR_SOURCE',
    });
  });
});

// These run on the machine's clock: the notification of the file system is what they wait for.
describe('a folder that changes is read again', () => {
  test('when a file is replaced, added or removed', async () => {
    await using pdp = await createCedarPdp({ source: cedarFolder(folder) });
    const steps: [() => Promise<void>, string][] = [
      [() => replaceFile('a.cedar', FORBID), 'deny'],
      [() => replaceFile('a.cedar', READ), 'permit'],
      [() => replaceFile('b.cedar', FORBID), 'deny'],
      [() => unlink(join(folder, 'b.cedar')), 'permit'],
    ];
    for (const [step, effect] of steps) {
      const change = nextChange(pdp);
      await step();
      expect(await change).toEqual({ kind: 'policy', revision: pdp.revision });
      expect(pdp.evaluate(REQUEST).effect).toBe(effect);
    }
  });

  test('and what it holds then is refused, if it is broken', async () => {
    await using pdp = await createCedarPdp({ source: cedarFolder(folder) });
    const change = nextChange(pdp);
    await replaceFile('a.cedar', '// é\npermit(principal, action, resource) when { é };');
    expect(await change).toMatchObject({
      kind: 'refused',
      error: { code: 'RTA_PDP_CEDAR_POLICY', details: { file: 'a.cedar', line: 2, column: 44 } },
    });
    expect(pdp.evaluate(REQUEST).effect).toBe('permit');
  });

  test('when it vanishes, and when it is back', async () => {
    const clock = createFakeClock();
    await using pdp = await createCedarPdp({ source: cedarFolder(folder), clock });
    const { revision } = pdp;
    const vanished = nextChange(pdp);
    await rename(folder, `${folder}.old`);
    clock.advance(5_000);
    expect(await vanished).toMatchObject({
      kind: 'refused',
      revision,
      error: { code: 'RTA_PDP_CEDAR_SOURCE' },
    });
    expect(pdp.evaluate(REQUEST)).toMatchObject({ effect: 'permit', revision });

    const back = nextChange(pdp);
    await mkdir(folder);
    await write('a.cedar', FORBID);
    clock.advance(5_000);
    expect(await back).toMatchObject({ kind: 'policy' });
    expect(pdp.evaluate(REQUEST).effect).toBe('deny');
  });

  test('through a link that is pointed to another folder, as a whole', async () => {
    const clock = createFakeClock();
    const next = join(parent, 'next');
    await mkdir(next);
    await writeFile(join(next, 'a.cedar'), FORBID);
    await writeFile(join(next, 'b.cedar'), READ);
    await symlink(folder, join(parent, 'current'));
    await using pdp = await createCedarPdp({ source: cedarFolder(join(parent, 'current')), clock });
    const change = nextChange(pdp);
    await symlink(next, join(parent, 'current.new'));
    await rename(join(parent, 'current.new'), join(parent, 'current'));
    clock.advance(5_000);
    expect(await change).toMatchObject({ kind: 'policy' });
    expect(pdp.evaluate(REQUEST).reasons).toEqual([{ policyId: 'a.cedar#none' }]);
  });

  test('no more, once its watch is closed', async () => {
    const source = cedarFolder(folder);
    const told: string[] = [];
    const closed = source.watch?.(() => told.push('closed'));
    const witnessed = Promise.withResolvers<void>();
    const witness = source.watch?.(() => witnessed.resolve());
    closed?.close();
    await write('b.cedar', READ);
    await witnessed.promise;
    witness?.close();
    expect(told).toEqual([]);
  });
});
