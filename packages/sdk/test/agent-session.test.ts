import { isRtaError } from '@rta/core';
import { type DecisionMessage, splitAuthorize } from '@rta/protocol';
import { describe, expect, test } from 'vitest';
import { changedTo, READ, SESSION, startScriptedServer, tokenNumber } from './scripted-server.ts';

/** Later than the fake clock stands. */
const FUTURE_MS = 1_800_000_000_000;
const PERMIT: DecisionMessage = { effect: 'permit', cause: 'policy', generation: 1 };
const CAUSE = { kind: 'session-revoked', change: 'change-1', reason: 'laptop stolen' };

/** The error that something fails with. */
async function failureOf(promise: Promise<unknown>): Promise<{ code: string; details: object }> {
  try {
    await promise;
  } catch (error) {
    if (isRtaError(error)) return error;
    throw error;
  }
  throw new Error('expected a failure');
}

describe('authorize', () => {
  test('answers with the decision of the server', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide(() => ({ ...PERMIT, expiresAtMs: FUTURE_MS, detail: { reasons: ['read'] } }));

    expect(await session.authorize(READ)).toEqual({
      permitted: true,
      cause: 'policy',
      reasons: ['read'],
      generation: 1,
      expiresAtMs: FUTURE_MS,
    });
  });

  test('takes a permit that has expired as a denial [P-6.9]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide(() => ({ ...PERMIT, expiresAtMs: t.clock.now() }));

    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'expired' });
  });

  test('asks the server for each action anew [P-6.9]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide((_, index) => (index === 0 ? PERMIT : { effect: 'deny', cause: 'default', generation: 1 }));

    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
    expect(await session.authorize(READ)).toMatchObject({ permitted: false });
  });

  test('asks again, once, with the token that replaces a stale one', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide((_, index) =>
      index === 0
        ? { effect: 'deny', cause: 'stale-token', generation: 2, token: tokenNumber(2) }
        : { ...PERMIT, generation: 2 },
    );

    expect(await session.authorize(READ)).toMatchObject({ permitted: true, generation: 2 });
    expect(t.decided.map(({ body }) => splitAuthorize(body).token[0])).toEqual([1, 2]);
    expect(session.generation).toBe(2);
  });

  test('does not ask for ever where every token is stale [P-6.10]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide((_, index) => ({
      effect: 'deny',
      cause: 'stale-token',
      generation: index + 2,
      token: tokenNumber(index + 2),
    }));

    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'stale-token' });
    expect(t.decided).toHaveLength(2);
  });

  test('takes a permit with an obligation as a denial [P-6.11]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide(() => ({
      ...PERMIT,
      detail: { obligations: [{ id: '1', type: 'step-up', properties: {} }] },
    }));

    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'obligation' });
  });

  test('fails where no answer comes in time', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const asked = Promise.withResolvers<void>();
    t.decide(() => {
      asked.resolve();
      return undefined;
    });

    const answer = failureOf(session.authorize(READ));
    await asked.promise;
    t.clock.advance(11_000);

    expect(await answer).toMatchObject({ code: 'RTA_SDK_TIMEOUT' });
  });

  test('does not take an answer that came after the session ended', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const asked = Promise.withResolvers<void>();
    t.decide(() => {
      asked.resolve();
      return undefined;
    });

    const answer = failureOf(session.authorize(READ));
    await asked.promise;
    await t.push('revoked', { session: SESSION, generation: 2, cause: CAUSE });
    await t.client.close();

    expect((await answer).code).toMatch(/^RTA_SDK_(DISCONNECTED|REVOKED)$/);
  });
});

describe('a session that was bound elsewhere', () => {
  test('stops what is under way: it would hear of no revocation here [P-7.5]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const closed = new Promise((resolve) => session.on('closed', resolve));
    t.decide(() => ({ effect: 'deny', cause: 'not-bound', generation: 0 }));

    expect(await failureOf(session.authorize(READ))).toMatchObject({ code: 'RTA_SDK_DISCONNECTED' });

    expect(session.signal.reason).toMatchObject({ code: 'RTA_SDK_DISCONNECTED' });
    expect(await closed).toEqual({ reason: 'the session is bound to another connection' });
    expect(t.decided).toHaveLength(1);
  });

  test('can be taken back, as another object', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide((_, index) => (index === 0 ? { effect: 'deny', cause: 'not-bound', generation: 0 } : PERMIT));
    await failureOf(session.authorize(READ));

    const again = await t.bind();

    expect(await again.authorize(READ)).toMatchObject({ permitted: true });
    expect(again.signal.aborted).toBe(false);
    expect(session.signal.aborted).toBe(true);
  });
});

describe('a session that is bound to the same connection again', () => {
  test('is the same object', async () => {
    await using t = await startScriptedServer();

    expect(await t.bind()).toBe(await t.bind());
  });
});

describe('save', () => {
  test('gives what the session is now', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    await t.push('context', changedTo(2));

    expect(session.save()).toEqual({
      session: SESSION,
      token: 'AgIC'.repeat(32),
      generation: 2,
      expiresAtMs: 1_800_000_000_000,
      scope: ['files.read'],
    });
  });
});

describe('a revocation', () => {
  test('fires the signal, then tells listeners, then is acknowledged [P-7.3]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const order: string[] = [];
    session.signal.addEventListener('abort', () => order.push('signal'));
    session.on('revoked', ({ cause }) => order.push(`revoked: ${cause.reason ?? ''}`));

    const ack = await t.push('revoked', { session: SESSION, generation: 2, cause: CAUSE });
    order.push('acknowledged');

    expect(order).toEqual(['signal', 'revoked: laptop stolen', 'acknowledged']);
    expect(ack).toEqual({ session: SESSION, generation: 2 });
    expect(session.signal.reason).toMatchObject({
      code: 'RTA_SDK_REVOKED',
      details: { kind: 'session-revoked', change: 'change-1' },
    });
  });

  test('leaves nothing to be asked', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    await t.push('revoked', { session: SESSION, generation: 2, cause: CAUSE });

    expect(await failureOf(session.authorize(READ))).toMatchObject({ code: 'RTA_SDK_REVOKED' });
    expect(t.decided).toHaveLength(0);
  });

  test('in the middle of a guarded act stops it, and refuses its result if it goes on', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide(() => PERMIT);
    const started = Promise.withResolvers<AbortSignal>();
    const finish = Promise.withResolvers<string>();

    const result = failureOf(
      session.guard(READ, (signal) => {
        started.resolve(signal);
        return finish.promise;
      }),
    );
    const signal = await started.promise;
    await t.push('revoked', { session: SESSION, generation: 2, cause: CAUSE });
    expect(signal.aborted).toBe(true);
    finish.resolve('done all the same');

    expect(await result).toMatchObject({ code: 'RTA_SDK_REVOKED' });
  });

  test('reaches the other listeners where one throws', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const surfaced = new Promise<unknown>((resolve) => {
      const before = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', (error) => {
        for (const listener of before) process.on('uncaughtException', listener);
        resolve(error);
      });
    });
    const heard: string[] = [];
    session.on('revoked', () => {
      throw new Error('a listener of the application');
    });
    session.on('revoked', () => heard.push('second'));

    await t.push('revoked', { session: SESSION, generation: 2, cause: CAUSE });

    expect(heard).toEqual(['second']);
    expect(await surfaced).toMatchObject({ message: 'a listener of the application' });
  });
});

describe('a change of context', () => {
  test('replaces the token, tells listeners and is acknowledged [P-7.3]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const heard: unknown[] = [];
    session.on('context', (event) => heard.push(event));
    t.decide(() => ({ ...PERMIT, generation: 2 }));

    expect(await t.push('context', changedTo(2))).toEqual({ session: SESSION, generation: 2 });
    await session.authorize(READ);

    expect(heard).toEqual([
      {
        generation: 2,
        state: 'active',
        scope: ['files.read'],
        gained: [],
        lost: ['files.*'],
        attributes: { riskLevel: 'HIGH' },
        cause: { kind: 'risk-level-change', change: 'change-2' },
      },
    ]);
    expect(session.scope).toEqual(['files.read']);
    expect(t.decided.map(({ body }) => splitAuthorize(body).token[0])).toEqual([2]);
  });

  test('that is older than what is known changes nothing, and is acknowledged all the same [P-7.2]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    await t.push('context', changedTo(3));
    const heard: unknown[] = [];
    session.on('context', (event) => heard.push(event));

    await t.push('context', changedTo(2, { state: 'suspended' }));

    expect(heard).toEqual([]);
    expect([session.generation, session.state]).toEqual([3, 'active']);
    expect(t.acknowledged.map(({ generation }) => generation)).toEqual([3, 2]);
  });

  test('that is known already is told once, and acknowledged again [P-7.2]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const heard: number[] = [];
    session.on('context', ({ generation }) => heard.push(generation));

    await t.push('context', changedTo(2));
    await t.push('context', changedTo(2, { cause: { kind: 'policy-change', change: 'change-3' } }));

    expect(heard).toEqual([2]);
    expect(t.acknowledged).toEqual([
      { session: SESSION, generation: 2 },
      { session: SESSION, generation: 2 },
    ]);
  });

  test('is heard no more by a listener that was taken away', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const heard: unknown[] = [];
    const stop = session.on('context', (event) => heard.push(event));
    stop();

    await t.push('context', changedTo(2));

    expect(heard).toEqual([]);
  });
});

describe('guard', () => {
  test('does nothing where the action is denied, and says why', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide(() => ({ effect: 'deny', cause: 'not-granted', generation: 1 }));
    let acted = false;

    const failure = await failureOf(
      session.guard(READ, () => {
        acted = true;
      }),
    );

    expect(failure).toMatchObject({ code: 'RTA_SDK_DENIED', details: { cause: 'not-granted' } });
    expect(acted).toBe(false);
  });

  test('passes on what the act returns, and what it throws', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide(() => PERMIT);

    expect(await session.guard(READ, () => 'text')).toBe('text');
    await expect(session.guard(READ, () => Promise.reject(new TypeError('no such file')))).rejects.toThrow(
      TypeError,
    );
  });
});

describe('a lost connection', () => {
  test('fires the signal: what cannot be told must not go on', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const closed = new Promise((resolve) => session.on('closed', resolve));

    await t.connection.close(1, 'the node is going away');

    expect(await closed).toEqual({ reason: 'the node is going away' });
    expect(session.signal.reason).toMatchObject({ code: 'RTA_SDK_DISCONNECTED', retryable: true });
    expect(await failureOf(session.authorize(READ))).toMatchObject({ code: 'RTA_SDK_DISCONNECTED' });
  });

  test('refuses what was still waiting for an answer', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const asked = Promise.withResolvers<void>();
    t.decide(() => {
      asked.resolve();
      return undefined;
    });

    const answer = failureOf(session.authorize(READ));
    await asked.promise;
    await t.connection.close(0x20, 'fault of the server');

    expect(await answer).toMatchObject({ code: 'RTA_SDK_DISCONNECTED' });
  });
});
