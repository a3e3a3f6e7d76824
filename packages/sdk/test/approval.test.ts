import type { DecisionMessage } from '@rta/protocol';
import { describe, expect, test } from 'vitest';
import { changedTo, READ, type ScriptedServer, SESSION, startScriptedServer } from './scripted-server.ts';

const FUTURE_MS = 1_800_000_000_000;
const PERMIT: DecisionMessage = { effect: 'permit', cause: 'policy', generation: 1 };
const WAIT = { waitForApproval: true };

const waitsFor = (id: string, expiresAtMs = FUTURE_MS): DecisionMessage => ({
  effect: 'deny',
  cause: 'approval-required',
  generation: 1,
  detail: { approval: { id, expiresAtMs }, reasons: ['pay'] },
});

/** A server that wants an approval first, then answers like this; and a session. */
async function start(then: DecisionMessage = PERMIT) {
  const t = await startScriptedServer();
  t.decide((_, index) => (index === 0 ? waitsFor('a-1') : then));
  return { t, session: await t.bind() };
}

/** Resolves when so many questions have come. */
const asked = (t: ScriptedServer, count: number) => expect.poll(() => t.decided.length).toBe(count);

describe('an approval', () => {
  test('is not waited for unless one says so', async () => {
    const { t, session } = await start();
    await using _ = t;

    expect(await session.authorize(READ)).toEqual({
      permitted: false,
      cause: 'approval-required',
      approval: { id: 'a-1', expiresAtMs: FUTURE_MS },
      reasons: ['pay'],
      generation: 1,
    });
  });

  test('makes the same question be asked again, and is not acknowledged [P-7.8]', async () => {
    const { t, session } = await start();
    await using _ = t;
    const answer = session.authorize(READ, WAIT);
    await asked(t, 1);

    t.tellApproval({ session: SESSION, id: 'a-1', state: 'approved' });

    expect(await answer).toMatchObject({ permitted: true });
    expect(t.decided).toHaveLength(2);
    await t.push('context', changedTo(2));
    expect(t.acknowledged).toEqual([{ session: SESSION, generation: 2 }]);
  });

  test('is no permit by itself: what the server then says holds [P-7.8]', async () => {
    const { t, session } = await start({ effect: 'deny', cause: 'budget-exhausted', generation: 1 });
    await using _ = t;
    const answer = session.authorize(READ, WAIT);
    await asked(t, 1);

    t.tellApproval({ session: SESSION, id: 'a-1', state: 'approved' });

    expect(await answer).toMatchObject({ permitted: false, cause: 'budget-exhausted' });
  });

  test('is waited for once: where another one is wanted then, that is the answer', async () => {
    const { t, session } = await start(waitsFor('a-2'));
    await using _ = t;
    const answer = session.authorize(READ, WAIT);
    await asked(t, 1);

    t.tellApproval({ session: SESSION, id: 'a-1', state: 'approved' });

    expect(await answer).toMatchObject({ cause: 'approval-required', approval: { id: 'a-2' } });
    expect(t.decided).toHaveLength(2);
  });

  test.each([
    ['refused', 'approval-refused'],
    ['void', 'approval-void'],
  ] as const)('that is %s is a denial, and nothing is asked again [P-7.8]', async (state, cause) => {
    const { t, session } = await start();
    await using _ = t;
    const answer = session.authorize(READ, WAIT);
    await asked(t, 1);

    t.tellApproval({ session: SESSION, id: 'a-1', state });

    expect(await answer).toEqual({ permitted: false, cause, reasons: ['pay'], generation: 1 });
    expect(t.decided).toHaveLength(1);
  });

  test('that nobody speaks of is void at its time', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide(() => waitsFor('a-1', t.clock.now() + 5_000));
    const answer = session.authorize(READ, WAIT);
    let decision: unknown;
    void answer.then((decided) => {
      decision = decided;
    });

    await expect
      .poll(() => {
        t.clock.advance(1_000);
        return decision;
      })
      .toMatchObject({ permitted: false, cause: 'approval-void' });
  });

  test('counts though it is faster than the decision that asks for it', async () => {
    const { t, session } = await start();
    await using _ = t;
    const heard = new Promise((resolve) => session.on('approval', resolve));
    t.tellApproval({ session: SESSION, id: 'a-1', state: 'approved' });
    expect(await heard).toEqual({ id: 'a-1', state: 'approved' });

    expect(await session.authorize(READ, WAIT)).toMatchObject({ permitted: true });
  });

  test('of another question changes nothing', async () => {
    const { t, session } = await start();
    await using _ = t;
    const abort = new AbortController();
    const answer = session.authorize(READ, { ...WAIT, signal: abort.signal });
    await asked(t, 1);
    const heard = new Promise((resolve) => session.on('approval', resolve));

    t.tellApproval({ session: SESSION, id: 'a-9', state: 'approved' });
    await heard;
    abort.abort(new Error('the user went away'));

    await expect(answer).rejects.toThrow('the user went away');
    expect(t.decided).toHaveLength(1);
  });

  test('lets a guard do what it was given for', async () => {
    const { t, session } = await start();
    await using _ = t;
    const result = session.guard(READ, () => 'paid', WAIT);
    await asked(t, 1);

    t.tellApproval({ session: SESSION, id: 'a-1', state: 'approved' });

    expect(await result).toBe('paid');
  });

  test('is given up when the session ends', async () => {
    const { t, session } = await start();
    await using _ = t;
    const answer = session.authorize(READ, WAIT);
    await asked(t, 1);

    const ended = expect(answer).rejects.toMatchObject({ code: 'RTA_SDK_REVOKED' });
    await t.push('revoked', {
      session: SESSION,
      generation: 2,
      cause: { kind: 'session-revoked', change: 'change-1' },
    });

    await ended;
  });
});

describe('a question that was given up', () => {
  test('is not asked', async () => {
    const { t, session } = await start();
    await using _ = t;
    const signal = AbortSignal.abort(new Error('never mind'));

    await expect(session.authorize(READ, { signal })).rejects.toThrow('never mind');
    expect(t.decided).toHaveLength(0);
  });

  test('gets no permit that comes later [P-6.9]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const abort = new AbortController();
    t.decide(() => {
      abort.abort(new Error('never mind'));
      return PERMIT;
    });

    await expect(session.authorize(READ, { signal: abort.signal })).rejects.toThrow('never mind');
  });
});
