import type { PdpChange } from '@rta/pdp';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { type CedarSource, cedarText, createCedarPdp } from '../src/index.ts';

const READ = '@id("read") permit(principal, action == Action::"read", resource);';
const FORBID = '@id("none") forbid(principal, action, resource);';
const REQUEST = {
  subject: { type: 'User', id: 'alice' },
  action: { name: 'read' },
  resource: { type: 'File', id: 'a' },
};

/** A PDP over texts, with a clock that stands still and a list of what it told. */
async function open(files: Record<string, string> = { 'a.cedar': READ }) {
  const clock = createFakeClock();
  const source = cedarText(files);
  const pdp = await createCedarPdp({ source, clock });
  const changes: PdpChange[] = [];
  let heard = Promise.withResolvers<void>();
  pdp.watch((change) => {
    changes.push(change);
    heard.resolve();
  });
  /** Lets time pass, and waits for what is told of then. */
  const changeAfter = async (ms: number): Promise<PdpChange | undefined> => {
    heard = Promise.withResolvers();
    clock.advance(ms);
    await heard.promise;
    return changes.at(-1);
  };
  return { clock, source, pdp, changes, changeAfter, effect: () => pdp.evaluate(REQUEST).effect };
}

describe('policies that change', () => {
  test('are in force once the source was quiet for 50 ms', async () => {
    const { source, pdp, clock, changes, changeAfter, effect } = await open();
    await using _ = pdp;
    const { revision } = pdp;
    source.replace({ 'a.cedar': `${READ}${FORBID}` });
    clock.advance(49);
    source.replace({ 'a.cedar': FORBID });
    clock.advance(49);
    expect([effect(), changes]).toEqual(['permit', []]);
    const change = await changeAfter(1);
    expect(pdp.revision).not.toBe(revision);
    expect(change).toEqual({ kind: 'policy', revision: pdp.revision });
    expect(pdp.evaluate(REQUEST)).toMatchObject({ effect: 'deny', revision: pdp.revision });
    expect(changes.length).toBe(1);
  });

  test('are found within 5 s where nobody told of them', async () => {
    let file = READ;
    const source: CedarSource = {
      name: 'a source that forgets to tell',
      read: async () => [{ name: 'a.cedar', text: file }],
      watch: () => ({ close() {} }),
    };
    const clock = createFakeClock();
    await using pdp = await createCedarPdp({ source, clock });
    file = FORBID;
    const change = new Promise<PdpChange>((resolve) => void pdp.watch(resolve));
    clock.advance(5_000);
    expect(await change).toEqual({ kind: 'policy', revision: pdp.revision });
    expect(pdp.evaluate(REQUEST).effect).toBe('deny');
  });

  test('are found where the source cannot be watched at times', async () => {
    let file = READ;
    let watches = 0;
    const source: CedarSource = {
      name: 'a source that cannot be watched at first',
      read: async () => [{ name: 'a.cedar', text: file }],
      watch() {
        watches += 1;
        if (watches === 1) throw new Error('not now');
        return { close() {} };
      },
    };
    const clock = createFakeClock();
    await using pdp = await createCedarPdp({ source, clock });
    file = FORBID;
    const change = new Promise<PdpChange>((resolve) => void pdp.watch(resolve));
    clock.advance(5_000);
    expect(await change).toMatchObject({ kind: 'policy' });
    expect(watches).toBe(2);
  });

  test('and are the same after all, are no change', async () => {
    const { source, pdp, changes } = await open();
    await using _ = pdp;
    const { revision } = pdp;
    source.replace({ 'a.cedar': FORBID });
    source.replace({ 'a.cedar': READ });
    await pdp.reload();
    expect([pdp.revision, changes]).toEqual([revision, []]);
  });

  test('are refused with file, line and column, and the old ones stay in force', async () => {
    const { source, pdp, changeAfter, effect } = await open();
    await using _ = pdp;
    const { revision } = pdp;
    source.replace({ 'a.cedar': READ, 'b.cedar': '// é\nforbid(principal, actoin, resource);' });
    const change = await changeAfter(50);
    expect(change).toMatchObject({
      kind: 'refused',
      revision,
      error: {
        code: 'RTA_PDP_CEDAR_POLICY',
        message: expect.stringMatching(/^b\.cedar:2:19: /),
        details: { file: 'b.cedar', line: 2, column: 19 },
      },
    });
    expect([pdp.revision, effect()]).toEqual([revision, 'permit']);
    expect(await pdp.health()).toEqual({
      status: 'up',
      detail: expect.stringMatching(/^newer policies are refused: b\.cedar:2:19: /),
    });
  });

  test('are refused once, however often they are read', async () => {
    const { source, pdp, clock, changes, changeAfter } = await open();
    await using _ = pdp;
    source.replace({ 'a.cedar': '' });
    await changeAfter(50);
    clock.advance(20_000);
    await expect(pdp.reload()).rejects.toMatchObject({ code: 'RTA_PDP_CEDAR_SOURCE' });
    expect(changes.length).toBe(1);
    source.replace({ 'a.cedar': 'permit' });
    await expect(pdp.reload()).rejects.toMatchObject({ code: 'RTA_PDP_CEDAR_POLICY' });
    expect(changes.length).toBe(2);
  });

  test('are taken once they are repaired', async () => {
    const { source, pdp, effect } = await open();
    await using _ = pdp;
    source.replace({ 'a.cedar': FORBID.replace(';', '') });
    await expect(pdp.reload()).rejects.toMatchObject({ code: 'RTA_PDP_CEDAR_POLICY' });
    source.replace({ 'a.cedar': FORBID });
    await pdp.reload();
    expect([effect(), await pdp.health()]).toEqual(['deny', { status: 'up' }]);
  });

  test('are taken with their schema, or not at all', async () => {
    const schema = 'entity User; entity File; action read appliesTo { principal: User, resource: File };';
    const { source, pdp, effect } = await open({ 'a.cedar': READ, 'a.cedarschema': schema });
    await using _ = pdp;
    source.replace({ 'a.cedar': READ, 'a.cedarschema': schema.replace('entity File;', 'entity Folder;') });
    await expect(pdp.reload()).rejects.toMatchObject({ code: 'RTA_PDP_CEDAR_SCHEMA' });
    source.replace({ 'a.cedar': READ, 'a.cedarschema': schema.replaceAll('File', 'Folder') });
    expect(effect()).toBe('permit');
    await pdp.reload();
    expect(pdp.evaluate(REQUEST)).toMatchObject({ effect: 'deny', cause: 'error' });
    expect(pdp.evaluate({ ...REQUEST, resource: { type: 'Folder', id: 'a' } }).effect).toBe('permit');
    source.replace({ 'a.cedar': READ });
    await pdp.reload();
    expect(effect()).toBe('permit');
  });

  test('many times over', async () => {
    const { source, pdp, effect } = await open();
    await using _ = pdp;
    const effects: string[] = [];
    for (const file of [FORBID, READ, FORBID, READ]) {
      source.replace({ 'a.cedar': file });
      await pdp.reload();
      effects.push(effect());
    }
    expect(effects).toEqual(['deny', 'permit', 'deny', 'permit']);
  });
});

describe('reload', () => {
  test('reads what the source held after the call, though another load was running', async () => {
    let file = READ;
    const released = Promise.withResolvers<void>();
    let reads = 0;
    const source: CedarSource = {
      name: 'a slow source',
      async read() {
        reads += 1;
        const text = file;
        if (reads === 2) await released.promise;
        return [{ name: 'a.cedar', text }];
      },
    };
    await using pdp = await createCedarPdp({ source });
    const first = pdp.reload();
    // The first reload has to begin before the file changes.
    await new Promise((resolve) => void setImmediate(resolve));
    file = FORBID;
    const second = pdp.reload();
    const third = pdp.reload();
    released.resolve();
    await first;
    expect(pdp.evaluate(REQUEST).effect).toBe('permit');
    await Promise.all([second, third]);
    expect([pdp.evaluate(REQUEST).effect, reads]).toEqual(['deny', 3]);
  });

  test('is how a source without a watch changes', async () => {
    let file = READ;
    const source: CedarSource = { name: 'plain', read: async () => [{ name: 'a.cedar', text: file }] };
    const clock = createFakeClock();
    await using pdp = await createCedarPdp({ source, clock });
    expect([pdp.features.watch, clock.pendingTimers]).toEqual([false, 0]);
    file = FORBID;
    await pdp.reload();
    expect(pdp.evaluate(REQUEST).effect).toBe('deny');
  });
});

describe('a PDP that is closed', () => {
  test('holds no timer and no watch, and reads no more', async () => {
    let open = 0;
    let reads = 0;
    const told: (() => void)[] = [];
    const source: CedarSource = {
      name: 'counted',
      read: async () => {
        reads += 1;
        return [{ name: 'a.cedar', text: READ }];
      },
      watch(onChange) {
        open += 1;
        told.push(onChange);
        return { close: () => void (open -= 1) };
      },
    };
    const clock = createFakeClock();
    const pdp = await createCedarPdp({ source, clock });
    for (const onChange of told) onChange();
    expect([open, clock.pendingTimers]).toEqual([1, 2]);
    await pdp.close();
    for (const onChange of told) onChange();
    expect([open, clock.pendingTimers, reads]).toEqual([0, 0, 1]);
    await expect(pdp.reload()).rejects.toMatchObject({ code: 'RTA_PDP_CEDAR_CLOSED' });
    expect(await pdp.health()).toEqual({ status: 'down', detail: 'RTA_PDP_CLOSED' });
  });

  test('takes nothing that it was loading', async () => {
    const { source, pdp, changes } = await open();
    const { revision } = pdp;
    source.replace({ 'a.cedar': FORBID });
    const reloading = pdp.reload();
    await pdp.close();
    await expect(reloading).rejects.toMatchObject({ code: 'RTA_PDP_CEDAR_CLOSED' });
    expect([pdp.revision, changes]).toEqual([revision, []]);
  });

  test('is one that never opened, where the first policies are refused', async () => {
    const clock = createFakeClock();
    const source = cedarText({ 'a.cedar': 'permit' });
    await expect(createCedarPdp({ source, clock })).rejects.toMatchObject({ code: 'RTA_PDP_CEDAR_POLICY' });
    expect(clock.pendingTimers).toBe(0);
  });
});
