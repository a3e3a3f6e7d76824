import { sessionIdFromBytes } from '@rta/core';
import { decodeMessage, FRAME, type Frame, type ListedSession, type Messages } from '@rta/protocol';
import { describe, expect, test } from 'vitest';
import { generateAgentKey } from '../src/index.ts';
import {
  changedTo,
  type ScriptedServer,
  SESSION,
  startScriptedServer,
  tokenNumber,
} from './scripted-server.ts';

/** A session of the list that can be told from others by its number. */
function listed(number: number): ListedSession {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, number);
  return {
    session: sessionIdFromBytes(bytes),
    parent: SESSION,
    agent: { id: `agent-${number}` },
    state: 'active',
    scope: ['files.read'],
    expiresAtMs: 1_800_000_000_000,
    connected: true,
  };
}

const CHILD = listed(1).session;
const agents = (sessions: readonly ListedSession[]): string[] => sessions.map(({ agent }) => agent.id);

/** Answers LIST with pages, in order; records after what was asked. */
function answerLists(t: ScriptedServer, ...pages: Messages['listed'][]): (string | undefined)[] {
  const after: (string | undefined)[] = [];
  t.answerWith((frame) => {
    if (frame.type !== FRAME.list) return undefined;
    after.push(decodeMessage('list', frame).after);
    const page = pages.shift();
    return page === undefined ? undefined : { listed: page };
  });
  return after;
}

function last(frames: readonly Frame[]): Frame {
  const frame = frames.at(-1);
  if (frame === undefined) throw new Error('expected a frame');
  return frame;
}

describe('delegate', () => {
  test('asks for everything that the session has, where nothing is named', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.answerNext({ delegated: { session: CHILD, expiresAtMs: 5, scope: ['files.*'] } });
    const { publicKey } = generateAgentKey();

    await session.delegate({ agent: { id: 'reader' }, publicKey });

    expect(decodeMessage('delegate', last(t.asked))).toEqual({
      token: tokenNumber(1),
      agent: { id: 'reader' },
      key: publicKey,
    });
  });

  test('passes on limits, budgets, and whether the agent may go on alone', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.answerNext({ delegated: { session: CHILD, expiresAtMs: 5, scope: ['payments.send'] } });
    const request = {
      agent: { id: 'payer' },
      scope: ['payments.send'],
      authorizationDetails: [
        {
          type: 'rta_action' as const,
          actions: ['payments.send'],
          limits: { currency: 'EUR', maxAmount: 10_000, totalAmount: 50_000, totalCount: 20 },
        },
      ],
      detached: true,
      budget: { requestsPerSecond: 0.5, totalCount: 100 },
      lifetimeMs: 60_000,
    };
    const { publicKey } = generateAgentKey();

    await session.delegate({ ...request, publicKey });

    expect(decodeMessage('delegate', last(t.asked))).toEqual({
      ...request,
      token: tokenNumber(1),
      key: publicKey,
    });
  });

  test('says why more than there is cannot be had', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.answerNext({
      error: { code: 'RTA_AUTHORITY_WIDENING', message: 'more than there is', retryable: false },
    });
    const { publicKey } = generateAgentKey();

    await expect(session.delegate({ agent: { id: 'a' }, scope: ['*'], publicKey })).rejects.toMatchObject({
      code: 'RTA_SDK_REFUSED',
      details: { serverCode: 'RTA_AUTHORITY_WIDENING' },
    });
  });
});

describe('descendants', () => {
  test('come from all pages, in the order of the server', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const after = answerLists(
      t,
      { sessions: [listed(1), { ...listed(2), parent: CHILD, state: 'suspended' }], more: true },
      { sessions: [listed(3)], more: false },
    );

    expect(await session.descendants()).toEqual([
      listed(1),
      { ...listed(2), parent: CHILD, state: 'suspended' },
      listed(3),
    ]);
    expect(after).toEqual([undefined, listed(2).session]);
  });

  test('may be none', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    answerLists(t, { sessions: [], more: false });

    expect(await session.descendants()).toEqual([]);
  });

  test('are listed from the beginning again where the last one has ended meanwhile', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const after = answerLists(
      t,
      { sessions: [listed(1), listed(2)], more: true },
      { sessions: [], more: false },
      { sessions: [listed(1), listed(3)], more: true },
      { sessions: [listed(4)], more: false },
    );

    expect(agents(await session.descendants())).toEqual(['agent-1', 'agent-2', 'agent-3', 'agent-4']);
    expect(after).toEqual([undefined, listed(2).session, undefined, listed(3).session]);
  });

  test('are what is known where the list breaks off without anything new', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const after = answerLists(
      t,
      { sessions: [listed(1)], more: true },
      { sessions: [], more: false },
      { sessions: [listed(1)], more: true },
      { sessions: [], more: false },
    );

    expect(agents(await session.descendants())).toEqual(['agent-1']);
    expect(after).toHaveLength(4);
  });

  test('of a server whose list does not end are refused [I9]', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const page = Array.from({ length: 64 }, (_, number) => listed(number));
    t.answerWith((frame) =>
      frame.type === FRAME.list ? { listed: { sessions: page, more: true } } : undefined,
    );

    await expect(session.descendants()).rejects.toMatchObject({ code: 'RTA_SDK_PROTOCOL' });
    // 20 000 sessions at most, 64 at a time.
    expect(t.asked.filter(({ type }) => type === FRAME.list)).toHaveLength(313);
  });

  test('are asked for with the newest token, page by page', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const tokens: (number | undefined)[] = [];
    t.answerWith((frame) => {
      if (frame.type !== FRAME.list) return undefined;
      tokens.push(decodeMessage('list', frame).token[0]);
      return { listed: { sessions: [listed(1)], more: false } };
    });
    await session.descendants();
    await t.push('context', changedTo(2));
    await session.descendants();

    expect(tokens).toEqual([1, 2]);
  });

  test('of a session that has ended are not asked for', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    const cause = { kind: 'session-revoked', change: 'change-1' };
    await t.push('revoked', { session: SESSION, generation: 2, cause });
    const before = t.asked.length;

    await expect(session.descendants()).rejects.toMatchObject({ code: 'RTA_SDK_REVOKED' });
    await expect(session.narrow(CHILD, { scope: [] })).rejects.toMatchObject({ code: 'RTA_SDK_REVOKED' });
    await expect(session.endDescendant(CHILD)).rejects.toMatchObject({ code: 'RTA_SDK_REVOKED' });
    expect(t.asked).toHaveLength(before);
  });
});

describe('narrow', () => {
  test('says what the session is to keep, and gives what it reaches since', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.answerNext({ narrowed: { session: CHILD, generation: 2, scope: ['files.read'] } });

    expect(await session.narrow(CHILD, { scope: ['files.read'] })).toEqual({
      generation: 2,
      scope: ['files.read'],
    });
    expect(decodeMessage('narrow', last(t.asked))).toEqual({
      token: tokenNumber(1),
      session: CHILD,
      scope: ['files.read'],
    });
  });
});

describe('endDescendant', () => {
  test('ends the session that it names, and leaves this one alone', async () => {
    await using t = await startScriptedServer();
    const session = await t.bind();
    t.decide(() => ({ effect: 'permit', cause: 'policy', generation: 1 }));
    t.answerNext({ ended: { session: CHILD } });

    await session.endDescendant(CHILD);

    expect(decodeMessage('end', last(t.asked))).toEqual({ token: tokenNumber(1), session: CHILD });
    expect(session.signal.aborted).toBe(false);
    expect(
      await session.authorize({ action: 'files.read', resource: { type: 'File', id: 'a.txt' } }),
    ).toMatchObject({ permitted: true });
  });
});
