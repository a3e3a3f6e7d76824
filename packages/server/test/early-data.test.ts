import { setImmediate as nextTurn } from 'node:timers/promises';
import { fc, test as propertyTest } from '@fast-check/vitest';
import {
  createFrameDecoder,
  decodeDecision,
  encodeAuthorize,
  encodeFrame,
  encodeMessage,
  FRAME,
  type Frame,
  type MessageName,
  type Messages,
} from '@rta/protocol';
import { generateAgentKey } from '@rta/sdk';
import { afterAll, describe, expect, test } from 'vitest';
import type { ConnectionFacts } from './connection-facts.ts';
import {
  bindMessage,
  collectFrames,
  exchangeParameters,
  openLane,
  proofOf,
  type RawSession,
  READ,
  rawHello,
  rawSession,
  receivePushes,
  resumeMessage,
} from './raw-agent.ts';
import { dial, flightOf, lostSession, play } from './resume-fixture.ts';
import { startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();
const t = await startTestServer({ idp });
afterAll(() => t[Symbol.asyncDispose]());
const alice = (await t.signIn('alice')).accessToken;
const victim = await rawSession(dial(t), (await t.signIn('bob')).accessToken);
const UNEXPECTED = 0x11;

/** A RESUME of now. */
const resumeNow = (agent: RawSession): Messages['resume'] =>
  resumeMessage(agent.connection, agent, t.clock.now());

describe('before the handshake is complete', () => {
  test('HELLO, RESUME and AUTHORIZE are taken and answered [P-9.1]', async () => {
    const agent = await lostSession(t, alice);
    const facts: ConnectionFacts = { isEarly: true };
    const connection = dial(t, facts);
    const lane = play(connection, flightOf(resumeNow(agent), agent.bound.token));
    const control = await rawHello(connection);

    await expect.poll(lane.answers).toEqual(['bound', 'permit policy']);
    expect((await t.audit()).findLast(({ kind }) => kind === 'bind')).toMatchObject({
      outcome: 'ok',
      session: agent.session,
      detail: { by: 'RESUME', early: true },
    });

    facts.isEarly = false;
    expect(await control.ask('ping', {}, 'pong')).toEqual({ nowMs: t.clock.now() });
    expect(await openLane(connection)(agent.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('a question without RESUME is not looked at: its session is bound elsewhere [P-9.1] [I5]', async () => {
    const lane = play(dial(t, { isEarly: true }), encodeAuthorize(1, { token: victim.bound.token, ...READ }));

    await expect.poll(lane.answers).toEqual(['deny not-bound']);
    expect(await victim.lane(victim.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test.each<[MessageName, (agent: RawSession, challenge: Uint8Array) => Promise<Uint8Array> | Uint8Array]>([
    [
      'exchange',
      async (agent) => {
        const { tokenEndpoint, nonce } = (await rawHello(dial(t))).welcome;
        const proof = await proofOf(agent.key, tokenEndpoint, nonce, { now: t.clock.now() });
        return encodeMessage('exchange', 2, { parameters: exchangeParameters(alice), proof });
      },
    ],
    [
      'bind',
      (agent, challenge) =>
        encodeMessage('bind', 2, bindMessage(agent.connection, challenge, agent.session, agent.key)),
    ],
    [
      'delegate',
      ({ bound }) =>
        encodeMessage('delegate', 2, {
          token: bound.token,
          agent: { id: 'child' },
          scope: ['files.read'],
          key: generateAgentKey().publicKey,
        }),
    ],
    ['end', ({ bound }) => encodeMessage('end', 2, { token: bound.token })],
    ['ping', () => encodeMessage('ping', 2, {})],
  ])('%s closes the connection, and does nothing [P-9.1]', async (_, make) => {
    const agent = await lostSession(t, alice);
    const connection = dial(t, { isEarly: true });
    const lane = play(connection, flightOf(resumeNow(agent), agent.bound.token));
    const { stream, welcome } = await rawHello(connection);
    await expect.poll(lane.answers).toHaveLength(2);
    const audited = (await t.audit()).length;
    const sessions = t.server.openSessions;

    stream.write(await make(agent, welcome.challenge));

    expect(await connection.closed).toMatchObject({ by: 'peer', code: UNEXPECTED });
    expect(await t.audit()).toHaveLength(audited);
    expect(t.server.openSessions).toBe(sessions);
  });

  test('ACK closes the connection: nobody can have heard of the push yet [P-9.1]', async () => {
    await using own = await startTestServer({ idp });
    const agent = await lostSession(own, alice);
    const connection = dial(own, { isEarly: true });
    const pushes = receivePushes(connection);
    const lane = play(
      connection,
      flightOf(resumeMessage(connection, agent, own.clock.now()), agent.bound.token),
    );
    await expect.poll(lane.answers).toHaveLength(2);
    await own.changeRisk('alice', 'HIGH');

    (await pushes.next()).acknowledge();

    expect(await connection.closed).toMatchObject({ by: 'peer', code: UNEXPECTED });
    expect((await own.audit()).filter(({ kind }) => kind === 'enforcement')).toEqual([]);
  });

  test('a frame that is not complete waits, and is taken when the handshake is [P-9.1]', async () => {
    const facts: ConnectionFacts = { isEarly: true };
    const connection = dial(t, facts);
    const { stream } = await rawHello(connection);
    const { frames } = collectFrames(stream);
    const ping = encodeMessage('ping', 7, {});

    stream.write(ping.subarray(0, -1));
    await nextTurn();
    facts.isEarly = false;
    stream.write(ping.subarray(-1));

    await expect.poll(() => frames.map(({ type }) => type)).toEqual([FRAME.pong]);
  });

  test('a connection that goes no further is closed, and its session is bound to nobody [P-9.8]', async () => {
    const agent = await lostSession(t, alice);
    const connection = dial(t, { isEarly: true });
    const lane = play(connection, flightOf(resumeNow(agent), agent.bound.token));
    await expect.poll(lane.answers).toEqual(['bound', 'permit policy']);
    const open = t.server.openConnections;

    // What a transport does with a handshake that is never completed.
    await connection.close();
    await expect.poll(() => t.server.openConnections).toBe(open - 1);

    const stranger = openLane(dial(t));
    expect(await stranger(agent.bound.token)).toMatchObject({ effect: 'deny', cause: 'not-bound' });
    const back = play(dial(t), flightOf(resumeNow(agent), agent.bound.token));
    await expect.poll(back.answers).toEqual(['bound', 'permit policy']);
  });
});

const { token } = victim.bound;
const FRAMES: readonly Uint8Array[] = [
  encodeMessage('hello', 1, { client: 'property' }),
  encodeMessage('exchange', 2, { parameters: exchangeParameters('stolen'), proof: 'stolen' }),
  encodeMessage(
    'bind',
    3,
    bindMessage(victim.connection, victim.welcome.challenge, victim.session, victim.key),
  ),
  encodeMessage('resume', 4, {
    ...resumeMessage(victim.connection, victim, t.clock.now()),
    nonce: new Uint8Array(16),
  }),
  encodeMessage('resume', 5, resumeMessage(victim.connection, victim, t.clock.now() - 1)),
  encodeMessage('delegate', 6, { token, agent: { id: 'x' }, scope: ['*'], key: victim.key.publicKey }),
  encodeMessage('end', 7, { token }),
  encodeMessage('ping', 8, {}),
  encodeMessage('ack', 9, { session: victim.session, generation: 1 }),
  encodeAuthorize(10, { token, ...READ }),
];
const anyFrame = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...FRAMES) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...Object.values(FRAME)), fc.uint8Array({ maxLength: 40 }))
      .filter(([type]) => type !== FRAME.goaway)
      .map(([type, body]) => encodeFrame(type, 1, body)),
  },
);

propertyTest.prop(
  [fc.array(fc.array(anyFrame, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 })],
  {
    numRuns: 100,
  },
)('whatever is early data, it gains nothing and moves no session [P-9.1] [I1, I5]', async (streams) => {
  const connection = dial(t, { isEarly: true });
  const sessions = t.server.openSessions;
  const answers: Frame[] = [];
  for (const frames of streams) {
    const stream = connection.openStream();
    const decoder = createFrameDecoder();
    stream.setHandlers({ onData: (chunk) => decoder.push(chunk, (frame) => answers.push(frame)) });
    for (const frame of frames) stream.write(frame);
  }
  for (let turns = 0; turns < 5; turns += 1) await nextTurn();

  const early: readonly number[] = [FRAME.welcome, FRAME.error, FRAME.decision];
  expect(answers.map(({ type }) => type).filter((type) => !early.includes(type))).toEqual([]);
  const decisions = answers.filter(({ type }) => type === FRAME.decision);
  expect(decisions.map(({ body }) => decodeDecision(body).effect)).not.toContain('permit');
  expect(await victim.lane(token)).toMatchObject({ effect: 'permit', generation: 1 });
  expect(t.server.openSessions).toBe(sessions);
  await connection.close();
});
