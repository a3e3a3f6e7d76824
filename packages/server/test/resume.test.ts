import { encodeAuthorize, encodeMessage, type Messages } from '@rta/protocol';
import { generateAgentKey } from '@rta/sdk';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { bindMessage, type RawSession, READ, rawHello, rawSession, resumeMessage } from './raw-agent.ts';
import { dial, flightOf, lostSession, play } from './resume-fixture.ts';
import { startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();
const t = await startTestServer({ idp });
afterAll(() => t[Symbol.asyncDispose]());
const alice = (await t.signIn('alice')).accessToken;
const { session: bystander } = await t.openSession({ subjectToken: (await t.signIn('bob')).accessToken });
afterEach(async () => {
  expect(await bystander.authorize(READ)).toMatchObject({ permitted: true, generation: 1 });
});

/** A RESUME of now, for a new connection to the same server. */
const resumeNow = (agent: RawSession): Messages['resume'] =>
  resumeMessage(agent.connection, agent, t.clock.now());

describe('a RESUME', () => {
  test('binds its session, and is answered before what stands behind it [P-9.3]', async () => {
    const agent = await lostSession(t, alice);

    const lane = play(dial(t), flightOf(resumeNow(agent), agent.bound.token, 2));

    await expect.poll(lane.answers).toEqual(['bound', 'permit policy', 'permit policy']);
    expect(lane.frames.map(({ requestId }) => requestId)).toEqual([1, 2, 3]);
    lane.stream.write(encodeAuthorize(4, { token: agent.bound.token, ...READ }));
    await expect.poll(lane.answers).toHaveLength(4);
    lane.stream.end();
    expect(await lane.ended).toBe('end');
  });

  test('is audited with its connection and transport, and as what it is [P-9.9] [I7]', async () => {
    const agent = await lostSession(t, alice);
    const connection = dial(t);
    const lane = play(connection, flightOf(resumeNow(agent), agent.bound.token));
    await expect.poll(lane.answers).toHaveLength(2);

    const records = (await t.audit()).filter(({ session }) => session === agent.session);
    const [bound, decision] = records.slice(-2);
    expect(bound).toMatchObject({
      kind: 'bind',
      outcome: 'ok',
      transport: 'memory',
      detail: { by: 'RESUME', early: false },
    });
    expect(decision).toMatchObject({
      kind: 'decision',
      outcome: 'permit',
      connection: bound?.['connection'],
      transport: 'memory',
    });
    expect(JSON.stringify(records)).not.toContain(Buffer.from(agent.bound.token).toString('base64url'));
  });

  test('takes its session from the connection before [P-5.4]', async () => {
    const agent = await rawSession(dial(t), alice);
    const lane = play(dial(t), flightOf(resumeNow(agent), agent.bound.token));

    await expect.poll(lane.answers).toEqual(['bound', 'permit policy']);
    expect(await agent.lane(agent.bound.token)).toEqual({
      effect: 'deny',
      cause: 'not-bound',
      generation: 0,
    });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'bind', cause: 'displaced', session: agent.session }),
    );
  });

  test('brings the token of now; the one before it is stale [I4]', async () => {
    await using own = await startTestServer({ idp });
    const agent = await lostSession(own, alice);
    await own.changeRisk('alice', 'HIGH');

    const lane = play(
      dial(own),
      flightOf(resumeMessage(agent.connection, agent, own.clock.now()), agent.bound.token),
    );

    await expect.poll(lane.answers).toEqual(['bound', 'deny stale-token']);
  });

  test('resumes another session of the same connection on another lane', async () => {
    const agents = [await lostSession(t, alice), await lostSession(t, alice)];
    const connection = dial(t);
    const lanes = agents.map((agent) => play(connection, flightOf(resumeNow(agent), agent.bound.token)));

    for (const lane of lanes) await expect.poll(lane.answers).toEqual(['bound', 'permit policy']);
  });

  test('is no hindrance to HELLO, whichever comes first', async () => {
    const agent = await lostSession(t, alice);
    const connection = dial(t);
    const lane = play(connection, flightOf(resumeNow(agent), agent.bound.token));
    const { ask } = await rawHello(connection);

    expect(await ask('end', { token: agent.bound.token }, 'ended')).toEqual({ session: agent.session });
    expect(lane.answers()).toEqual(['bound', 'permit policy']);
  });
});

type Forge = (agent: RawSession, now: number) => Messages['resume'];
const changed =
  (parts: (message: Messages['resume']) => Partial<Messages['resume']>): Forge =>
  (agent, now) => {
    const message = resumeMessage(agent.connection, agent, now);
    return { ...message, ...parts(message) };
  };

describe('a RESUME is refused and audited, and what stands behind it is not looked at,', () => {
  const other = new Uint8Array(32).fill(0xbc);
  const nobodys = 'AAAAAAAAAAAAAAAAAAAAAA' as RawSession['session'];
  test.each<[why: string, code: string, forge: Forge]>([
    [
      'with another key',
      'RTA_AUTHORITY_PROOF',
      (agent, now) =>
        resumeMessage(agent.connection, { session: agent.session, key: generateAgentKey() }, now),
    ],
    [
      'for the certificate of another server',
      'RTA_AUTHORITY_PROOF',
      (agent, now) => resumeMessage(agent.connection, agent, now, { channelBinding: other }),
    ],
    ['with another nonce', 'RTA_AUTHORITY_PROOF', changed(() => ({ nonce: new Uint8Array(16) }))],
    [
      'with another time',
      'RTA_AUTHORITY_PROOF',
      changed(({ issuedAtMs }) => ({ issuedAtMs: issuedAtMs + 1 })),
    ],
    ['with a signature of zeros', 'RTA_AUTHORITY_PROOF', changed(() => ({ signature: new Uint8Array(64) }))],
    [
      'with the signature of a BIND',
      'RTA_AUTHORITY_PROOF',
      (agent, now) => ({
        ...resumeMessage(agent.connection, agent, now),
        signature: bindMessage(agent.connection, agent.welcome.challenge, agent.session, agent.key).signature,
      }),
    ],
    [
      'that was made too long ago',
      'RTA_SERVER_RESUME_LATE',
      (agent, now) => resumeMessage(agent.connection, agent, now - 30_001),
    ],
    [
      'that will be made later',
      'RTA_SERVER_RESUME_LATE',
      (agent, now) => resumeMessage(agent.connection, agent, now + 30_001),
    ],
    [
      'that was made before the session was last bound',
      'RTA_AUTHORITY_PROOF_OLD',
      (agent, now) => resumeMessage(agent.connection, agent, now - 1),
    ],
  ])('%s [P-9.3, P-9.4, P-9.5, P-9.9] [I5, I7]', async (_, code, forge) => {
    const agent = await rawSession(dial(t), alice);
    const evaluations = (await t.audit()).filter(({ kind }) => kind === 'decision').length;
    const connection = dial(t);

    const lane = play(connection, flightOf(forge(agent, t.clock.now()), agent.bound.token, 3));

    expect(await lane.ended).toBe('end');
    lane.stream.write(encodeAuthorize(9, { token: agent.bound.token, ...READ }));
    lane.stream.end();
    await (await rawHello(connection)).ask('ping', {}, 'pong');
    expect(lane.answers()).toEqual([code]);
    expect(lane.frames[0]?.requestId).toBe(1);
    const records = await t.audit();
    expect(records.at(-1)).toMatchObject({
      kind: 'bind',
      outcome: 'refused',
      cause: code,
      session: agent.session,
      transport: 'memory',
      detail: { by: 'RESUME', early: false },
    });
    expect(records.filter(({ kind }) => kind === 'decision')).toHaveLength(evaluations);
    expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('of a session that never was, or has ended [P-9.8]', async () => {
    const agent = await lostSession(t, alice);
    const unknown = play(
      dial(t),
      flightOf(
        resumeMessage(agent.connection, { ...agent, session: nobodys }, t.clock.now()),
        agent.bound.token,
      ),
    );
    expect(await unknown.ended).toBe('end');
    expect(unknown.answers()).toEqual(['RTA_AUTHORITY_SESSION_UNKNOWN']);

    const connection = dial(t);
    const back = play(connection, flightOf(resumeNow(agent), agent.bound.token));
    await expect.poll(back.answers).toHaveLength(2);
    await (await rawHello(connection)).ask('end', { token: agent.bound.token }, 'ended');
    const ended = play(dial(t), flightOf(resumeNow(agent), agent.bound.token));
    expect(await ended.ended).toBe('end');
    expect(ended.answers()).toEqual(['RTA_AUTHORITY_SESSION_ENDED']);
  });
});

describe('a lane', () => {
  const UNEXPECTED = 0x11;
  const MESSAGE = 0x12;
  test.each<[what: string, frames: (agent: RawSession) => readonly Uint8Array[], code: number]>([
    [
      'a RESUME behind a question',
      (agent) => [
        encodeAuthorize(1, { token: agent.bound.token, ...READ }),
        encodeMessage('resume', 2, resumeNow(agent)),
      ],
      UNEXPECTED,
    ],
    [
      'a second RESUME',
      (agent) => [encodeMessage('resume', 1, resumeNow(agent)), encodeMessage('resume', 2, resumeNow(agent))],
      UNEXPECTED,
    ],
    [
      'a second RESUME behind a question',
      (agent) => [
        flightOf(resumeNow(agent), agent.bound.token),
        encodeMessage('resume', 9, resumeNow(agent)),
      ],
      UNEXPECTED,
    ],
    [
      'a BIND behind RESUME',
      (agent) => [
        encodeMessage('resume', 1, resumeNow(agent)),
        encodeMessage('bind', 2, { session: agent.session, signature: new Uint8Array(64) }),
      ],
      UNEXPECTED,
    ],
    [
      'a HELLO behind a RESUME that is refused',
      (agent) => [
        encodeMessage('resume', 1, { ...resumeNow(agent), signature: new Uint8Array(64) }),
        encodeMessage('hello', 2, { client: 'x' }),
      ],
      UNEXPECTED,
    ],
    [
      'a RESUME with a short nonce',
      (agent) => [encodeMessage('resume', 1, { ...resumeNow(agent), nonce: new Uint8Array(15) })],
      MESSAGE,
    ],
    [
      'a question that cannot be read behind RESUME',
      (agent) => [
        encodeMessage('resume', 1, resumeNow(agent)),
        encodeAuthorize(2, { token: agent.bound.token, ...READ }).fill(0xff, 8),
      ],
      MESSAGE,
    ],
  ])('closes the connection for %s [P-2.2, P-2.3]', async (_, frames, code) => {
    const agent = await lostSession(t, alice);
    const connection = dial(t);

    play(connection, Uint8Array.from(Buffer.concat(frames(agent))));

    expect(await connection.closed).toMatchObject({ by: 'peer', code });
    const back = play(dial(t), flightOf(resumeNow(agent), agent.bound.token));
    await expect.poll(back.answers).toEqual(['bound', 'permit policy']);
  });

  test('begins without RESUME as before [P-2.2]', async () => {
    const agent = await rawSession(dial(t), alice);

    expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });
  });
});
