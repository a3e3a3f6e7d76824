import { decodeMessage, FRAME, splitAuthorize } from '@rta/protocol';
import { createFakeClock } from '@rta/testkit';
import { createMemoryTransportPair } from '@rta/transport';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type AgentKey,
  connect,
  createTicketStore,
  generateAgentKey,
  type Resumed,
  type ResumeOptions,
  resume,
  type SavedSession,
  type TicketStore,
} from '../src/index.ts';
import { publishedFacts } from './published-facts.ts';
import { type Answer, boundTo, READ, type ScriptedPeer, SESSION, scriptPeer } from './scripted-peer.ts';
import { ca, openScriptedPort, type ScriptedPort } from './scripted-port.ts';

const KEY: AgentKey = generateAgentKey();
const SAVED: SavedSession = {
  session: boundTo(SESSION).session as SavedSession['session'],
  token: 'AQEB'.repeat(32),
  generation: 1,
  expiresAtMs: 1_800_000_000_000,
  scope: ['files.*'],
};
const refusedWith = (code: string): Answer => ({ error: { code, message: 'refused', retryable: false } });

/** Goes on with the session, and closes the client when the test is over. */
async function resumeAt(t: ScriptedPort, options: Partial<ResumeOptions> = {}): Promise<Resumed> {
  const resumed = await resume(t.endpoint, {
    ca,
    clock: createFakeClock(),
    session: SAVED,
    key: KEY,
    first: READ,
    ...options,
  });
  onTestFinished(resumed.client.close);
  return resumed;
}

/** A store with a ticket of the server. */
async function ticketsOf(t: ScriptedPort): Promise<TicketStore> {
  const tickets = createTicketStore();
  let count = 0;
  const counting: TicketStore = {
    take: tickets.take,
    put(key, ticket) {
      count += 1;
      return tickets.put(key, ticket);
    },
  };
  const client = await connect(t.endpoint, { ca, tickets: counting, transports: ['quic'] });
  await expect.poll(() => count).toBeGreaterThan(0);
  await client.close();
  t.peers.length = 0;
  return tickets;
}

const framesOf = ({ asked }: ScriptedPeer): number[] => asked.map(({ type }) => type);

/** Goes on with the session over a connection in memory, whose server end does what the test says. */
async function resumeInMemory(
  script: (peer: ScriptedPeer) => void,
  options: Partial<ResumeOptions> = { first: READ },
): Promise<{ resumed: Promise<Resumed>; peer: ScriptedPeer }> {
  const { client, server } = createMemoryTransportPair();
  onTestFinished(() => client.close());
  const peer = scriptPeer(server);
  script(peer);
  const resumed = resume('rta.example:4433', {
    dial: () => Promise.resolve(client),
    clock: createFakeClock(),
    session: SAVED,
    key: KEY,
    ...options,
  });
  resumed.catch(() => undefined);
  return { resumed, peer };
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'none',
    (error: { code?: unknown; details?: { serverCode?: unknown } }) =>
      error.details?.serverCode ?? error.code,
  );
}

describe('resume', () => {
  test('with a ticket asks its first question in early data', async () => {
    await using t = await openScriptedPort();
    await t.listenQuic({ earlyData: true });
    const tickets = await ticketsOf(t);

    const { client, session, decision, early } = await resumeAt(t, { tickets });

    expect(early).toBe('accepted');
    expect(decision).toMatchObject({ permitted: true, generation: 1 });
    expect(new Set(t.early.map(({ type }) => type))).toEqual(new Set([FRAME.resume, FRAME.authorize]));
    expect(client.transport).toBe('quic');
    expect(client.node).toBe('scripted');
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
  });

  test('with a ticket that the server rejects has the same answers, asked once', async () => {
    await using t = await openScriptedPort();
    const first = await t.listenQuic({ earlyData: true });
    const tickets = await ticketsOf(t);
    await first[Symbol.asyncDispose]();
    await t.listenQuic({ earlyData: true });

    const { decision, early } = await resumeAt(t, { tickets });

    expect(early).toBe('rejected');
    expect(decision).toMatchObject({ permitted: true });
    expect(t.early).toEqual([]);
    expect(t.peers.flatMap(({ decided }) => decided)).toHaveLength(1);
  });

  test('without a ticket has the same answers after the handshake', async () => {
    await using t = await openScriptedPort();
    await t.listenQuic({ earlyData: true });

    const { client, decision, early } = await resumeAt(t);

    expect(early).toBe('none');
    expect(client.transport).toBe('quic');
    expect(decision).toMatchObject({ permitted: true });
    expect(t.early).toEqual([]);
  });

  test('uses a ticket once', async () => {
    await using t = await openScriptedPort();
    await t.listenQuic({ earlyData: true });
    const tickets = await ticketsOf(t);
    const takeOnly: TicketStore = { take: tickets.take, put: () => undefined };

    expect((await resumeAt(t, { tickets: takeOnly })).early).toBe('accepted');
    expect((await resumeAt(t, { tickets: takeOnly })).early).toBe('none');
  });

  test('with a ticket, where UDP is dropped, goes on over WebSocket with one answer', async () => {
    await using t = await openScriptedPort();
    const quic = await t.listenQuic({ earlyData: true });
    const tickets = await ticketsOf(t);
    await quic[Symbol.asyncDispose]();
    const network = await t.swallowUdp();
    const clock = createFakeClock();
    const facts = publishedFacts();
    const resuming = resumeAt(t, { tickets, clock });
    await network.first;
    clock.advance(200);

    const { client, decision, early } = await resuming;

    expect([client.transport, early]).toEqual(['websocket', 'none']);
    expect(decision).toMatchObject({ permitted: true });
    expect(t.peers.map(framesOf)).toEqual([[FRAME.hello, FRAME.resume]]);
    expect(facts).toEqual([{ fact: 'fallback', from: 'quic', to: 'websocket', because: 'slow' }]);
  });

  test('with a ticket, where nothing listens for UDP, goes on over WebSocket at once', async () => {
    await using t = await openScriptedPort();
    const quic = await t.listenQuic({ earlyData: true });
    const tickets = await ticketsOf(t);
    await quic[Symbol.asyncDispose]();

    const { client, decision, early } = await resumeAt(t, { tickets });

    expect([client.transport, early]).toEqual(['websocket', 'none']);
    expect(decision).toMatchObject({ permitted: true });
  });

  test('goes over to QUIC later where it fell back', async () => {
    await using t = await openScriptedPort();
    const clock = createFakeClock();
    const { client, session } = await resumeAt(t, { clock });
    expect(client.transport).toBe('websocket');
    const moved = new Promise((resolve) => client.on('transport', resolve));
    await t.listenQuic();

    clock.advance(10_000);

    expect(await moved).toEqual({ previous: 'websocket', transport: 'quic' });
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
  });

  test('never signs the same proof twice', async () => {
    await using t = await openScriptedPort();
    await resumeAt(t);
    await resumeAt(t);

    const nonces = t.peers
      .flatMap(({ asked }) => asked)
      .filter(({ type }) => type === FRAME.resume)
      .map((frame) => Buffer.from(decodeMessage('resume', frame).nonce).toString('hex'));
    expect(new Set(nonces).size).toBe(2);
  });
});

describe('the answers to RESUME', () => {
  const bound = { bound: boundTo(SESSION) };

  test('without a first question are a session, and no decision', async () => {
    const { resumed, peer } = await resumeInMemory((peer) => peer.answerNext(bound), {});
    const { session, decision } = await resumed;

    expect(session.id).toBe(SESSION);
    expect(decision).toBeUndefined();
    expect(peer.decided).toEqual([]);
  });

  test('tell of a newer context, and the first question is asked again with its token', async () => {
    const { resumed, peer } = await resumeInMemory((peer) => {
      peer.answerNext({ bound: { ...boundTo(SESSION, 4), scope: ['files.read'] } });
      peer.decide((_, index) =>
        index === 0
          ? { effect: 'deny', cause: 'stale-token', generation: 4, token: boundTo(SESSION, 4).token }
          : { effect: 'permit', cause: 'policy', generation: 4 },
      );
    });
    const { session, decision } = await resumed;

    expect(decision).toMatchObject({ permitted: true, generation: 4 });
    expect([session.generation, session.scope]).toEqual([4, ['files.read']]);
    expect(peer.decided.map(({ body }) => splitAuthorize(body).token[0])).toEqual([1, 4]);
  });

  test.each(['RTA_SERVER_RESUME_LATE', 'RTA_SERVER_RESUME_REPLAYED', 'RTA_AUTHORITY_PROOF_OLD'])(
    'that refuse with %s make the client bind with a challenge, and ask again',
    async (code) => {
      const { resumed, peer } = await resumeInMemory((peer) => {
        peer.answerWith((frame) => (frame.type === FRAME.resume ? refusedWith(code) : bound));
        // The real server does not look at what stands behind a RESUME that it refused.
        peer.decide((_, index) =>
          index === 0 ? undefined : { effect: 'permit', cause: 'policy', generation: 1 },
        );
      });
      const { session, decision } = await resumed;

      expect(decision).toMatchObject({ permitted: true });
      expect(framesOf(peer)).toEqual([FRAME.hello, FRAME.resume, FRAME.bind]);
      expect(session.signal.aborted).toBe(false);
    },
  );

  test('that refuse the session close the connection', async () => {
    const { resumed, peer } = await resumeInMemory((peer) =>
      peer.answerWith(() => refusedWith('RTA_AUTHORITY_SESSION_ENDED')),
    );

    expect(await codeOf(resumed)).toBe('RTA_AUTHORITY_SESSION_ENDED');
    expect(await peer.connection.closed).toMatchObject({ by: 'peer' });
  });

  test('come with a revocation that is not lost', async () => {
    const { resumed, peer } = await resumeInMemory((peer) => peer.answerNext(bound), {});
    const { session } = await resumed;

    await peer.push('revoked', {
      session: SESSION,
      generation: 2,
      cause: { kind: 'session-revoked', change: '1' },
    });

    expect(session.signal.reason).toMatchObject({ code: 'RTA_SDK_REVOKED' });
  });

  test('are of no use to a question: BOUND as the answer to AUTHORIZE breaks the protocol', async () => {
    const { resumed, peer } = await resumeInMemory((peer) => {
      peer.answerNext(bound);
      peer.decide((_frame, _index, lane) => {
        lane.write(Uint8Array.of(FRAME.bound, 0, 0, 0, 0, 0, 0, 1));
        return undefined;
      });
    });

    expect(await codeOf(resumed)).toBe('RTA_SDK_DISCONNECTED');
    expect(await peer.connection.closed).toMatchObject({ reason: 'RTA_PROTOCOL_UNEXPECTED_FRAME' });
  });
});

test('a client resumes further sessions over its connection', async () => {
  await using t = await openScriptedPort();
  const { client } = await resumeAt(t);

  const session = await client.resume(
    { ...SAVED, session: 'BAECAwQFBgcICQoLDA0ODw' as typeof SAVED.session },
    KEY,
  );

  expect(session.id).toBe('BAECAwQFBgcICQoLDA0ODw');
  expect(await codeOf(client.resume({ ...SAVED, token: '?' }, KEY))).toBe('RTA_SDK_SAVED_SESSION');
});

test('what is damaged is refused before anything is sent', async () => {
  let dialled = 0;
  const options: ResumeOptions = {
    session: { ...SAVED, token: 'AQEB' },
    key: KEY,
    dial: () => {
      dialled += 1;
      return Promise.reject(new Error('dialled'));
    },
  };

  expect(await codeOf(resume('rta.example:4433', options))).toBe('RTA_SDK_SAVED_SESSION');
  expect(dialled).toBe(0);
});
