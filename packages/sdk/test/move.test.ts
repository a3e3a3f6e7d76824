import { type SessionId, sessionIdFromBytes } from '@rta/core';
import {
  type DecisionMessage,
  decodeMessage,
  encodeDecision,
  encodeMessage,
  FRAME,
  type Frame,
  splitAuthorize,
} from '@rta/protocol';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { createMemoryTransportPair, type TransportConnection } from '@rta/transport';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ClientCore } from '../src/client-core.ts';
import { type AgentSession, generateAgentKey, type RtaClient, type SdkDiagnostic } from '../src/index.ts';
import { startClient } from '../src/rta-client.ts';
import { publishedFacts } from './published-facts.ts';
import { type Answer, boundTo, changedTo, READ, type ScriptedPeer, scriptPeer } from './scripted-peer.ts';

const PERMIT: DecisionMessage = { effect: 'permit', cause: 'policy', generation: 1 };
const NOT_BOUND: DecisionMessage = { effect: 'deny', cause: 'not-bound', generation: 0 };
const CAUSE = { kind: 'session-revoked', change: 'change-1' };
const ENDED: Answer = {
  error: { code: 'RTA_AUTHORITY_SESSION_ENDED', message: 'the session ended', retryable: false },
};
const REFUSED: Answer = { error: { code: 'RTA_SERVER_OVERLOAD', message: 'busy', retryable: true } };

/** The id of a session that can be told from others by its number. */
const sessionNumber = (number: number): SessionId => sessionIdFromBytes(new Uint8Array(16).fill(number));

/** A client with a few sessions on one connection, and another connection to which it can move. */
interface Fixture {
  readonly client: RtaClient;
  readonly core: ClientCore;
  readonly clock: FakeClock;
  readonly sessions: readonly AgentSession[];
  readonly first: AgentSession;
  readonly old: ScriptedPeer;
  readonly fresh: ScriptedPeer;
  /** Starts the move. */
  move(): Promise<void>;
  /** Facts that the SDK published. */
  readonly facts: readonly SdkDiagnostic[];
}

async function startClientToMove(sessionCount = 1): Promise<Fixture> {
  const clock = createFakeClock();
  const [before, after] = [createMemoryTransportPair(), createMemoryTransportPair()];
  const [old, fresh] = [scriptPeer(before.server), scriptPeer(after.server)];
  for (const peer of [old, fresh]) {
    peer.answerWith(bindAtOnce);
    peer.decide(() => PERMIT);
  }
  const { core, client } = startClient(before.client, clock);
  onTestFinished(client.close);
  await core.ready;
  const numbers = Array.from({ length: sessionCount }, (_, at) => at + 1);
  const sessions = await Promise.all(
    numbers.map((number) => client.bind({ session: sessionNumber(number), key: generateAgentKey() })),
  );
  const [first] = sessions;
  if (first === undefined) throw new Error('expected a session');
  old.asked.length = 0;

  const facts = publishedFacts();
  return { client, core, clock, sessions, first, old, fresh, move: () => core.move(after.client), facts };
}

/** Binds a session as it was. */
function bindAtOnce(frame: Frame): Answer | undefined {
  if (frame.type === FRAME.end) return { ended: { session: sessionNumber(1) } };
  return frame.type === FRAME.bind ? { bound: boundTo(decodeMessage('bind', frame).session) } : undefined;
}

/** The answer to a BIND frame. */
function boundFrame(frame: Frame, generation = 1): Uint8Array {
  return encodeMessage('bound', frame.requestId, boundTo(decodeMessage('bind', frame).session, generation));
}

/** The sessions that were to be bound over a connection, in order. */
function boundOver(peer: ScriptedPeer): string[] {
  return peer.asked
    .filter(({ type }) => type === FRAME.bind)
    .map((frame) => decodeMessage('bind', frame).session);
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'none',
    (error: { code?: unknown }) => error.code,
  );
}

const isOpen = async (connection: TransportConnection): Promise<boolean> =>
  Promise.race([
    connection.closed.then(() => false),
    new Promise<boolean>((resolve) => setImmediate(() => setImmediate(() => resolve(true)))),
  ]);

describe('a move to another connection', () => {
  test('takes all sessions along, and lets the old connection go', async () => {
    const t = await startClientToMove(3);
    const heard: unknown[] = [];
    t.client.on('transport', (event) => heard.push(event));

    await t.move();

    expect(boundOver(t.fresh)).toEqual([1, 2, 3].map(sessionNumber));
    for (const session of t.sessions) {
      expect(session.signal.aborted).toBe(false);
      expect(await session.authorize(READ)).toMatchObject({ permitted: true });
    }
    expect([t.old.decided.length, t.fresh.decided.length]).toEqual([0, 3]);
    expect(await t.old.connection.closed).toMatchObject({ by: 'peer', code: 0 });
    expect(heard).toEqual([{ previous: 'memory', transport: 'memory' }]);
    expect(t.facts).toEqual([{ fact: 'moved', from: 'memory', to: 'memory', sessionCount: 3 }]);
  });

  test('leaves the client open when the old connection ends, and not when the new one does', async () => {
    const t = await startClientToMove();
    await t.move();
    await t.old.connection.closed;
    expect(t.first.signal.aborted).toBe(false);

    await t.fresh.connection.close(1, 'going away');

    expect(await t.client.closed).toEqual({ reason: 'going away' });
    expect(t.first.signal.reason).toMatchObject({ code: 'RTA_SDK_DISCONNECTED' });
  });

  test('binds what comes later on the new connection', async () => {
    const t = await startClientToMove();
    await t.move();

    await t.client.bind({ session: sessionNumber(9), key: generateAgentKey() });

    expect(boundOver(t.old)).toEqual([]);
    expect(boundOver(t.fresh)).toContain(sessionNumber(9));
  });

  test('waits for the answers that are in flight before it closes the old connection', async () => {
    const t = await startClientToMove();
    const asked = Promise.withResolvers<void>();
    let answer: (() => void) | undefined;
    t.old.decide((frame, _, lane) => {
      answer = () => {
        lane.write(encodeDecision(frame.requestId, PERMIT));
      };
      asked.resolve();
      return undefined;
    });
    const decision = t.first.authorize(READ);
    await asked.promise;

    await t.move();
    expect(await isOpen(t.old.connection)).toBe(true);
    answer?.();

    expect(await decision).toMatchObject({ permitted: true });
    expect(await t.old.connection.closed).toMatchObject({ code: 0 });
    expect(t.fresh.decided).toHaveLength(0);
  });

  test('goes over sixteen sessions at a time: a server works on so many', async () => {
    const t = await startClientToMove(40);
    const waiting: Frame[] = [];
    t.fresh.answerWith((frame) => {
      waiting.push(frame);
      return undefined;
    });
    const moved = t.move();
    await expect.poll(() => waiting.length).toBe(16);
    expect(await isOpen(t.fresh.connection)).toBe(true);
    expect(waiting).toHaveLength(16);

    t.fresh.answerWith(bindAtOnce);
    for (const frame of waiting) t.fresh.writeControl(boundFrame(frame));
    await moved;

    expect(new Set(boundOver(t.fresh)).size).toBe(40);
  });

  test('holds back what has an effect until it is over, and does it once', async () => {
    const t = await startClientToMove();
    const bind = heldBind(t.fresh);
    const moved = t.move();
    await bind.arrived;
    const ended = t.first.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(t.old.asked).toEqual([]);

    bind.answer();
    await moved;
    await ended;

    expect(t.old.asked).toEqual([]);
    expect(t.fresh.asked.map(({ type }) => type)).toEqual([FRAME.hello, FRAME.bind, FRAME.end]);
    expect(t.first.signal.reason).toMatchObject({ code: 'RTA_SDK_REVOKED' });
  });
});

describe('a question during a move', () => {
  test('that the session has overtaken is asked once more where it is now', async () => {
    const t = await startClientToMove();
    const bind = heldBind(t.fresh, 2);
    t.old.decide(() => NOT_BOUND);
    const moved = t.move();
    await bind.arrived;
    const decision = t.first.authorize(READ);
    await expect.poll(() => t.old.decided.length).toBe(1);
    expect(t.fresh.decided).toHaveLength(0);

    bind.answer();
    await moved;

    expect(await decision).toMatchObject({ permitted: true });
    expect(t.fresh.decided.map(({ body }) => splitAuthorize(body).token[0])).toEqual([2]);
    expect(t.first.signal.aborted).toBe(false);
  });

  test('is not asked a third time', async () => {
    const t = await startClientToMove();
    const bind = heldBind(t.fresh);
    t.old.decide(() => NOT_BOUND);
    t.fresh.decide(() => NOT_BOUND);
    const moved = t.move();
    await bind.arrived;
    const decision = t.first.authorize(READ);
    await expect.poll(() => t.old.decided.length).toBe(1);
    bind.answer();
    await moved;

    expect(await decision).toMatchObject({ permitted: false, cause: 'not-bound' });
    expect(t.fresh.decided).toHaveLength(1);
  });

  test('that gets no answer because the old connection breaks afterwards is asked once more', async () => {
    const t = await startClientToMove();
    t.old.decide(() => undefined);
    const decision = t.first.authorize(READ);
    await expect.poll(() => t.old.decided.length).toBe(1);
    await t.move();

    await t.old.connection.close(0x20, 'broken');

    expect(await decision).toMatchObject({ permitted: true });
    expect(t.fresh.decided).toHaveLength(1);
  });
});

describe('a revocation during a move', () => {
  const revoked = { session: sessionNumber(1), generation: 2, cause: CAUSE };

  test('fires where the old connection brings it', async () => {
    const t = await startClientToMove();
    const bind = heldBind(t.fresh);
    const moved = t.move();
    await bind.arrived;

    expect(await t.old.push('revoked', revoked)).toEqual({ session: sessionNumber(1), generation: 2 });
    expect(t.first.signal.reason).toMatchObject({ code: 'RTA_SDK_REVOKED', details: { change: 'change-1' } });
    bind.answer();
    await moved;
    expect(await codeOf(t.first.authorize(READ))).toBe('RTA_SDK_REVOKED');
  });

  test('fires where the new connection brings it, before it says that the session is bound', async () => {
    const t = await startClientToMove();
    const bind = heldBind(t.fresh);
    const moved = t.move();
    await bind.arrived;

    await t.fresh.push('revoked', revoked);
    expect(t.first.signal.reason).toMatchObject({ code: 'RTA_SDK_REVOKED' });
    bind.answer();
    await moved;
  });

  test('fires where all that is heard of it is that the session cannot be bound any more', async () => {
    const t = await startClientToMove(2);
    t.fresh.answerWith((frame) =>
      frame.type === FRAME.bind && decodeMessage('bind', frame).session === sessionNumber(1)
        ? ENDED
        : bindAtOnce(frame),
    );

    await t.move();

    expect(t.first.signal.reason).toMatchObject({ code: 'RTA_SDK_REVOKED', details: { kind: 'ended' } });
    expect(t.sessions[1]?.signal.aborted).toBe(false);
  });
});

describe('a change of context during a move', () => {
  const context = changedTo(2, { session: sessionNumber(1) });

  test('is in force when the session is bound, and told once', async () => {
    const t = await startClientToMove();
    t.fresh.answerWith((frame) =>
      frame.type === FRAME.bind
        ? { bound: { ...boundTo(sessionNumber(1), 2), scope: ['files.read'] } }
        : undefined,
    );
    const heard: unknown[] = [];
    t.first.on('context', (event) => heard.push(event));

    await t.move();
    await t.fresh.push('context', context);

    expect(heard).toEqual([
      {
        generation: 2,
        state: 'active',
        scope: ['files.read'],
        cause: { kind: 'moved', change: sessionNumber(1) },
      },
    ]);
    expect(t.first.scope).toEqual(['files.read']);
  });

  test('that suspended the session is told, and fires no signal', async () => {
    const t = await startClientToMove();
    t.fresh.answerWith((frame) =>
      frame.type === FRAME.bind
        ? { bound: { ...boundTo(sessionNumber(1), 2), state: 'suspended' } }
        : undefined,
    );
    const suspended = new Promise((resolve) => t.first.on('suspended', resolve));

    await t.move();

    expect(await suspended).toMatchObject({ generation: 2, state: 'suspended', cause: { kind: 'moved' } });
    expect([t.first.state, t.first.signal.aborted]).toEqual(['suspended', false]);
  });

  test('is not taken back by an answer that was older', async () => {
    const t = await startClientToMove();
    const bind = heldBind(t.fresh);
    const heard: number[] = [];
    t.first.on('context', ({ generation }) => heard.push(generation));
    const moved = t.move();
    await bind.arrived;
    await t.fresh.push('context', context);
    bind.answer();
    await moved;

    expect(heard).toEqual([2]);
    expect(t.first.generation).toBe(2);
    await t.first.authorize(READ);
    expect(t.fresh.decided.map(({ body }) => splitAuthorize(body).token[0])).toEqual([2]);
  });
});

/** A denial until somebody has approved. */
const waits = (id: string): DecisionMessage => ({
  effect: 'deny',
  cause: 'approval-required',
  generation: 1,
  detail: { approval: { id, expiresAtMs: 1_800_000_000_000 } },
});

describe('an approval that is waited for during a move', () => {
  test('is asked for again: what was said of it on the old connection may be lost [P-7.8]', async () => {
    const t = await startClientToMove();
    t.old.decide(() => waits('a-1'));
    const answer = t.first.authorize(READ, { waitForApproval: true });
    await expect.poll(() => t.old.decided.length).toBe(1);

    await t.move();

    expect(await answer).toMatchObject({ permitted: true });
    expect(t.fresh.decided).toHaveLength(1);
  });

  test('is asked for again where the decision that asks for it comes after the move', async () => {
    const t = await startClientToMove();
    const lanes: (() => void)[] = [];
    t.old.decide((frame, _index, lane) => {
      lanes.push(() => lane.write(encodeDecision(frame.requestId, waits('a-1'))));
      return undefined;
    });
    const answer = t.first.authorize(READ, { waitForApproval: true });
    await expect.poll(() => lanes.length).toBe(1);
    await t.move();

    lanes[0]?.();

    expect(await answer).toMatchObject({ permitted: true });
  });

  test('is waited for on the new one, where nobody has decided yet', async () => {
    const t = await startClientToMove();
    t.old.decide(() => waits('a-1'));
    t.fresh.decide((_, index) => (index === 0 ? waits('a-1') : PERMIT));
    const answer = t.first.authorize(READ, { waitForApproval: true });
    await expect.poll(() => t.old.decided.length).toBe(1);
    await t.move();
    await expect.poll(() => t.fresh.decided.length).toBe(1);

    t.fresh.tellApproval({ session: sessionNumber(1), id: 'a-1', state: 'approved' });

    expect(await answer).toMatchObject({ permitted: true });
    expect(t.fresh.decided).toHaveLength(2);
  });
});

describe('a move that fails', () => {
  test('because one session is refused takes the others back', async () => {
    const t = await startClientToMove(3);
    t.fresh.answerWith((frame) =>
      frame.type === FRAME.bind && decodeMessage('bind', frame).session === sessionNumber(2)
        ? REFUSED
        : bindAtOnce(frame),
    );

    expect(await codeOf(t.move())).toBe('RTA_SDK_REFUSED');

    expect(await t.fresh.connection.closed).toMatchObject({ by: 'peer' });
    expect(boundOver(t.old)).toEqual([1, 3].map(sessionNumber));
    for (const session of t.sessions)
      expect(await session.authorize(READ)).toMatchObject({ permitted: true });
    expect(t.old.decided).toHaveLength(3);
    expect(t.facts).toEqual([{ fact: 'not-moved', to: 'memory', because: 'RTA_SERVER_OVERLOAD' }]);
  });

  test('because the new connection breaks takes them back', async () => {
    const t = await startClientToMove(2);
    const bind = heldBind(t.fresh);
    const moved = codeOf(t.move());
    await bind.arrived;
    await t.fresh.connection.close(0x20, 'broken');

    expect(await moved).toBe('RTA_SDK_DISCONNECTED');
    expect(boundOver(t.old)).toEqual([1, 2].map(sessionNumber));
    expect(await t.first.authorize(READ)).toMatchObject({ permitted: true });
    expect(t.first.signal.aborted).toBe(false);
  });

  test.each(['HELLO', 'BIND'])('because %s is not answered in time takes them back', async (unanswered) => {
    const t = await startClientToMove();
    t.fresh.answerWith(() => undefined);
    if (unanswered === 'HELLO') t.fresh.connection.onStream(() => undefined);
    const moved = codeOf(t.move());
    if (unanswered === 'BIND') await expect.poll(() => boundOver(t.fresh)).toHaveLength(1);
    t.clock.advance(5_000);

    expect(await moved).toBe('RTA_SDK_DISCONNECTED');
    expect(await t.first.authorize(READ)).toMatchObject({ permitted: true });
    expect(t.old.decided).toHaveLength(1);
  });

  test('lets a question that fell between go back with the session', async () => {
    const t = await startClientToMove();
    const bind = heldBind(t.fresh);
    t.old.decide((_, index) => (index === 0 ? NOT_BOUND : PERMIT));
    const moved = codeOf(t.move());
    await bind.arrived;
    const decision = t.first.authorize(READ);
    await expect.poll(() => t.old.decided.length).toBe(1);
    await t.fresh.connection.close(0x20, 'broken');
    await moved;

    expect(await decision).toMatchObject({ permitted: true });
    expect(t.old.decided).toHaveLength(2);
  });

  test('leaves a session alone that never went', async () => {
    const t = await startClientToMove();
    t.fresh.answerWith(() => REFUSED);
    t.old.answerWith(() => REFUSED);

    expect(await codeOf(t.move())).toBe('RTA_SDK_REFUSED');

    expect(t.old.asked).toEqual([]);
    expect(await t.first.authorize(READ)).toMatchObject({ permitted: true });
  });

  test.each([
    ['be told no more', REFUSED, 'RTA_SDK_DISCONNECTED'],
    ['have ended meanwhile', ENDED, 'RTA_SDK_REVOKED'],
  ])('stops the work of those that went, and %s on the old connection', async (_, answer, code) => {
    const t = await startClientToMove(2);
    t.old.answerWith(() => answer);
    t.fresh.answerWith((frame) =>
      frame.type === FRAME.bind && decodeMessage('bind', frame).session === sessionNumber(2)
        ? REFUSED
        : bindAtOnce(frame),
    );

    expect(await codeOf(t.move())).toBe('RTA_SDK_REFUSED');

    expect(t.first.signal.reason).toMatchObject({ code });
    expect(t.sessions[1]?.signal.aborted).toBe(false);
  });

  test('because the old connection breaks ends everything: nobody could have been told meanwhile', async () => {
    const t = await startClientToMove();
    const bind = heldBind(t.fresh);
    const moved = codeOf(t.move());
    await bind.arrived;
    await t.old.connection.close(0x20, 'broken');

    expect(await t.client.closed).toEqual({ reason: 'broken' });
    expect(await moved).toBe('RTA_SDK_DISCONNECTED');
    expect(t.first.signal.reason).toMatchObject({ code: 'RTA_SDK_DISCONNECTED' });
    expect(await t.fresh.connection.closed).toMatchObject({ by: 'peer' });
  });

  test('because the client is closed closes both connections', async () => {
    const t = await startClientToMove();
    const bind = heldBind(t.fresh);
    const moved = codeOf(t.move());
    await bind.arrived;
    await t.client.close();

    expect(await moved).toBe('RTA_SDK_DISCONNECTED');
    await Promise.all([t.old.connection.closed, t.fresh.connection.closed]);
    expect(t.first.signal.aborted).toBe(true);
  });
});

/** Keeps the answer to the next BIND back until it is told to give it. */
function heldBind(
  peer: ScriptedPeer,
  generation = 1,
): { readonly arrived: Promise<void>; answer: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const held: Frame[] = [];
  peer.answerWith((frame) => {
    if (frame.type !== FRAME.bind) return bindAtOnce(frame);
    held.push(frame);
    resolve();
    return undefined;
  });
  return {
    arrived: promise,
    answer: () => {
      peer.answerWith(bindAtOnce);
      for (const frame of held) peer.writeControl(boundFrame(frame, generation));
    },
  };
}
