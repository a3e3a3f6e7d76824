import { encodeMessage, type Messages } from '@rta/protocol';
import { generateAgentKey } from '@rta/sdk';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  bindMessage,
  exchangeParameters,
  openBound,
  openLane,
  proofOf,
  type RawSession,
  READ,
  rawHello,
  rawSession,
} from './raw-agent.ts';
import { nextAuditRecord, startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();
const t = await startTestServer({ idp });
afterAll(() => t[Symbol.asyncDispose]());
const tokens = {
  alice: (await t.signIn('alice')).accessToken,
  bob: (await t.signIn('bob')).accessToken,
};
const { session: bystander } = await t.openSession({ subjectToken: tokens.bob });
afterEach(async () => {
  expect(await bystander.authorize(READ)).toMatchObject({ permitted: true, generation: 1 });
});

/** A connection that has said HELLO. */
const hello = async () => {
  const connection = t.rawConnect();
  return { connection, ...(await rawHello(connection)) };
};

/** Exchanges and leaves the session unbound. */
async function unbound() {
  const control = await hello();
  const key = generateAgentKey();
  const { nonce, tokenEndpoint, challenge } = control.welcome;
  const proof = await proofOf(key, tokenEndpoint, nonce, { now: t.clock.now() });
  const { session, token } = await control.ask(
    'exchange',
    { parameters: exchangeParameters(tokens.alice), proof },
    'exchanged',
  );
  return { ...control, key, session: session as RawSession['session'], token, challenge };
}

/** Gone for the server too: until then the session counts as bound there. */
async function disconnect({ connection }: Pick<RawSession, 'connection'>): Promise<void> {
  const before = t.server.openConnections;
  await connection.close();
  await expect.poll(() => t.server.openConnections).toBe(before - 1);
}

describe('a binding', () => {
  test('with the key of the session is taken', async () => {
    const { ask, connection, challenge, session, key, token } = await unbound();

    const bound = await ask('bind', bindMessage(connection, challenge, session, key), 'bound');

    expect(bound).toMatchObject({ session, token, generation: 1, scope: ['files.read', 'files.write'] });
    expect(await openLane(connection)(bound.token)).toMatchObject({ effect: 'permit' });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'bind', outcome: 'ok', session, connection: expect.any(String) }),
    );
  });

  test.each([
    [
      'another key',
      async (u: Awaited<ReturnType<typeof unbound>>) =>
        bindMessage(u.connection, u.challenge, u.session, generateAgentKey()),
    ],
    [
      'the challenge of another connection',
      async (u) =>
        bindMessage(u.connection, (await rawHello(t.rawConnect())).welcome.challenge, u.session, u.key),
    ],
    [
      'the certificate of another server',
      async (u) => bindMessage(t.rawConnect(), u.challenge, u.session, u.key),
    ],
    [
      'a statement about another session',
      async (u) => ({
        ...bindMessage(u.connection, u.challenge, (await unbound()).session, u.key),
        session: u.session,
      }),
    ],
    ['a signature of zeros', async (u) => ({ session: u.session, signature: new Uint8Array(64) })],
  ] satisfies readonly (readonly [
    string,
    (u: Awaited<ReturnType<typeof unbound>>) => Promise<Messages['bind']>,
  ])[])('with %s is refused and audited [I5] [P-5.3]', async (_, forge) => {
    const agent = await unbound();
    const { connection, session, token } = agent;

    const refusal = await agent.refusal('bind', await forge(agent));

    expect(refusal).toMatchObject({ code: 'RTA_AUTHORITY_PROOF', retryable: false });
    expect(refusal).not.toHaveProperty('nonce');
    expect(await openLane(connection)(token)).toMatchObject({ effect: 'deny', cause: 'not-bound' });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'bind', outcome: 'refused', cause: 'RTA_AUTHORITY_PROOF', session }),
    );
  });

  test('of a session that never was is refused and audited', async () => {
    const { refusal, connection, welcome } = await hello();
    const nobodys = 'AAAAAAAAAAAAAAAAAAAAAA' as RawSession['session'];

    expect(
      await refusal('bind', bindMessage(connection, welcome.challenge, nobodys, generateAgentKey())),
    ).toMatchObject({ code: 'RTA_AUTHORITY_SESSION_UNKNOWN' });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({
        kind: 'bind',
        outcome: 'refused',
        cause: 'RTA_AUTHORITY_SESSION_UNKNOWN',
        session: nobodys,
      }),
    );
  });

  test('on another connection takes the session away from the one before [I5] [P-5.4]', async () => {
    const first = await rawSession(t.rawConnect(), tokens.alice);
    const { token } = first.bound;
    expect(await first.lane(token)).toMatchObject({ effect: 'permit' });
    const second = await hello();

    const bound = await second.ask(
      'bind',
      bindMessage(second.connection, second.welcome.challenge, first.session, first.key),
      'bound',
    );

    expect(bound.token).toEqual(token);
    expect(await first.lane(token)).toEqual({ effect: 'deny', cause: 'not-bound', generation: 0 });
    expect(await openLane(second.connection)(token)).toMatchObject({ effect: 'permit' });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'bind', cause: 'displaced', session: first.session }),
    );
    // The old connection goes: the session is not its any more, and stays where it is.
    await disconnect(first);
    expect(await openLane(second.connection)(token)).toMatchObject({ effect: 'permit' });
  });

  test('is not repeated by who has heard it', async () => {
    const first = await rawSession(t.rawConnect(), tokens.alice);
    const heard = bindMessage(first.connection, first.welcome.challenge, first.session, first.key);
    const thief = await hello();

    expect(await thief.refusal('bind', heard)).toMatchObject({ code: 'RTA_AUTHORITY_PROOF' });
    expect(await first.lane(first.bound.token)).toMatchObject({ effect: 'permit' });
  });
});

/** Comes back on a new connection. */
async function comeBack({ session, key }: Pick<RawSession, 'session' | 'key'>) {
  const { connection, welcome, ...control } = await hello();
  return { ...control, connection, message: bindMessage(connection, welcome.challenge, session, key) };
}

describe('a session whose connection was lost', () => {
  test('goes on with its token on the next one', async () => {
    const first = await rawSession(t.rawConnect(), tokens.alice);
    await disconnect(first);

    const { ask, message, connection } = await comeBack(first);
    const bound = await ask('bind', message, 'bound');

    expect(bound).toMatchObject({ token: first.bound.token, generation: 1 });
    expect(await openLane(connection)(bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('may not be used meanwhile, by nobody [I5]', async () => {
    const first = await rawSession(t.rawConnect(), tokens.alice);
    await disconnect(first);

    expect(await openLane(t.rawConnect())(first.bound.token)).toMatchObject({
      effect: 'deny',
      cause: 'not-bound',
    });
  });

  test('gets its new token when its context changed meanwhile [I4]', async () => {
    await using own = await startTestServer({ idp });
    const first = await rawSession(own.rawConnect(), tokens.alice);
    await first.connection.close();
    await expect.poll(() => own.server.openConnections).toBe(0);
    await own.changeRisk('alice', 'HIGH');

    const connection = own.rawConnect();
    const { ask, welcome } = await rawHello(connection);
    const bound = await ask(
      'bind',
      bindMessage(connection, welcome.challenge, first.session, first.key),
      'bound',
    );

    expect(bound.generation).toBe(2);
    expect(await openLane(connection)(first.bound.token)).toMatchObject({ cause: 'stale-token' });
    expect(await openLane(connection)(bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('is not found again when it was revoked meanwhile [I2]', async () => {
    await using own = await startTestServer({ idp });
    const first = await rawSession(own.rawConnect(), tokens.alice);
    await first.connection.close();
    await expect.poll(() => own.server.openConnections).toBe(0);
    await own.revoke('alice');

    const connection = own.rawConnect();
    const { refusal, welcome } = await rawHello(connection);

    expect(
      await refusal('bind', bindMessage(connection, welcome.challenge, first.session, first.key)),
    ).toMatchObject({ code: 'RTA_AUTHORITY_SESSION_ENDED', retryable: false });
    expect(await own.audit()).toContainEqual(
      expect.objectContaining({ kind: 'bind', outcome: 'refused', cause: 'RTA_AUTHORITY_SESSION_ENDED' }),
    );
  });
});

describe('the end of a session by its agent', () => {
  test('is answered, audited and final', async () => {
    const agent = await rawSession(t.rawConnect(), tokens.alice);
    const { token } = agent.bound;
    const open = t.server.openSessions;

    expect(await agent.ask('end', { token }, 'ended')).toEqual({ session: agent.session });

    expect(t.server.openSessions).toBe(open - 1);
    expect(await t.store.sessions.get(agent.session)).toBeUndefined();
    expect(await agent.lane(token)).toMatchObject({ effect: 'deny', cause: 'session-ended' });
    expect(await agent.refusal('end', { token })).toMatchObject({ code: 'RTA_SERVER_TOKEN_REFUSED' });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'end', cause: 'ended', session: agent.session }),
    );
  });

  test('is refused from another connection, and audited [I5]', async () => {
    const agent = await rawSession(t.rawConnect(), tokens.alice);
    const thief = await hello();

    expect(await thief.refusal('end', { token: agent.bound.token })).toMatchObject({
      code: 'RTA_SERVER_TOKEN_REFUSED',
    });

    expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'refusal', cause: 'not-bound', session: agent.session }),
    );
  });
});

describe('a connection', () => {
  test('carries many sessions, and takes none of them along', async () => {
    const first = await rawSession(t.rawConnect(), tokens.alice);
    const second = await openBound(first, tokens.alice, { nonce: first.nextNonce });

    await first.ask('end', { token: first.bound.token }, 'ended');

    expect(await first.lane(first.bound.token)).toMatchObject({ cause: 'session-ended' });
    expect(await first.lane(second.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('may be asked for the time', async () => {
    const { ask } = await hello();

    expect(await ask('ping', {}, 'pong')).toEqual({ nowMs: t.clock.now() });
  });

  test('releases its sessions when its control stream ends', async () => {
    const agent = await rawSession(t.rawConnect(), tokens.alice);

    agent.stream.end();

    expect(await agent.connection.closed).toMatchObject({ by: 'peer', code: 0x00 });
    const back = await comeBack(agent);
    expect(await back.ask('bind', back.message, 'bound')).toMatchObject({ generation: 1 });
  });

  test('that closes while its exchange is under way disturbs nobody', async () => {
    const { connection, stream, welcome } = await hello();
    const key = generateAgentKey();
    const proof = await proofOf(key, welcome.tokenEndpoint, welcome.nonce, { now: t.clock.now() });
    const done = nextAuditRecord(({ kind }) => kind === 'exchange');

    stream.write(encodeMessage('exchange', 9, { parameters: exchangeParameters(tokens.alice), proof }));
    await new Promise((resolve) => setImmediate(resolve));
    await connection.close();

    expect(await done).toMatchObject({ outcome: 'ok' });
  });
});
