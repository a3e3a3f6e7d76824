import { type DecisionMessage, encodeDecision } from '@rta/protocol';
import { describe, expect, test } from 'vitest';
import { changedTo, READ, startScriptedServer } from './scripted-server.ts';

const PERMIT: DecisionMessage = { effect: 'permit', cause: 'policy', generation: 1 };
const ABSENT = { kind: 'parent-absent', change: 'change-3' };
const BACK = { kind: 'parent-present', change: 'change-4' };

describe('a suspension', () => {
  test('is told with what was gained and lost and why, and fires no signal', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const heard: unknown[] = [];
    for (const name of ['context', 'suspended', 'resumed'] as const) {
      session.on(name, ({ generation, state, gained, lost, cause }) =>
        heard.push([name, generation, state, gained, lost, cause.kind]),
      );
    }

    await t.push('context', changedTo(2, { state: 'suspended', cause: ABSENT }));
    expect(session.state).toBe('suspended');
    await t.push('context', changedTo(3, { state: 'suspended', lost: ['files.read'], scope: [] }));
    await t.push('context', changedTo(4, { gained: ['files.read'], lost: [], cause: BACK }));

    expect(heard).toEqual([
      ['context', 2, 'suspended', [], ['files.*'], 'parent-absent'],
      ['suspended', 2, 'suspended', [], ['files.*'], 'parent-absent'],
      ['context', 3, 'suspended', [], ['files.read'], 'risk-level-change'],
      ['context', 4, 'active', ['files.read'], [], 'parent-present'],
      ['resumed', 4, 'active', ['files.read'], [], 'parent-present'],
    ]);
    expect([session.state, session.signal.aborted]).toEqual(['active', false]);
  });

  test('is known from the binding on', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind({ state: 'suspended' });
    expect(session.state).toBe('suspended');
    const resumed = new Promise((resolve) => session.on('resumed', resolve));

    await t.push('context', changedTo(2));

    expect(await resumed).toMatchObject({ generation: 2, state: 'active' });
  });

  test('is a denial to a guard, which begins nothing', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    await t.push('context', changedTo(2, { state: 'suspended' }));
    t.decide(() => ({ effect: 'deny', cause: 'session-suspended', generation: 2 }));
    let acted = false;

    const guarded = session.guard(READ, () => {
      acted = true;
    });

    await expect(guarded).rejects.toMatchObject({
      code: 'RTA_SDK_DENIED',
      details: { cause: 'session-suspended' },
    });
    expect([acted, session.signal.aborted]).toEqual([false, false]);
  });

  test('leaves what is under way alone, and its result stands', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide(() => PERMIT);
    const started = Promise.withResolvers<AbortSignal>();
    const finish = Promise.withResolvers<string>();
    const result = session.guard(READ, (signal) => {
      started.resolve(signal);
      return finish.promise;
    });
    const signal = await started.promise;

    await t.push('context', changedTo(2, { state: 'suspended' }));
    finish.resolve('done');

    expect(await result).toBe('done');
    expect(signal.aborted).toBe(false);
  });

  test('makes a denial of a permit that was on its way [P-6.9]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const answer = Promise.withResolvers<void>();
    t.decide((frame, _index, lane) => {
      void answer.promise.then(() => lane.write(encodeDecision(frame.requestId, PERMIT)));
      return undefined;
    });
    const decision = session.authorize(READ);
    await expect.poll(() => t.decided.length).toBe(1);

    await t.push('context', changedTo(2, { state: 'suspended' }));
    answer.resolve();

    expect(await decision).toMatchObject({ permitted: false, cause: 'session-suspended', generation: 1 });
  });

  test('is over with a permit of a later generation, though the push is still on its way', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    await t.push('context', changedTo(2, { state: 'suspended' }));
    t.decide(() => ({ ...PERMIT, generation: 3 }));

    expect(await session.authorize(READ)).toMatchObject({ permitted: true, generation: 3 });
  });

  test('does not keep the session from ending', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind({ state: 'suspended' });

    await t.push('revoked', { session: session.id, generation: 2, cause: ABSENT });

    expect(session.signal.reason).toMatchObject({ code: 'RTA_SDK_REVOKED' });
  });
});
