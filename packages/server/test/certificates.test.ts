import { parseSessionId } from '@rta/core';
import { generateAgentKey } from '@rta/sdk';
import { afterAll, describe, expect, test } from 'vitest';
import type { ConnectionFacts } from './connection-facts.ts';
import { HTTPS, TOKEN_URL } from './exchange-doors.ts';
import {
  bindMessage,
  exchangeParameters,
  openLane,
  proofOf,
  type RawSession,
  rawHello,
  rawSession,
  resumeMessage,
} from './raw-agent.ts';
import { dial, flightOf, play } from './resume-fixture.ts';
import { startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();
const t = await startTestServer({ idp });
afterAll(() => t[Symbol.asyncDispose]());
const alice = (await t.signIn('alice')).accessToken;

const LAPTOP = new Uint8Array(32).fill(0xc1);
const OTHER = new Uint8Array(32).fill(0xc2);
const STRANGERS: readonly [string, Uint8Array | undefined][] = [
  ['another certificate', OTHER],
  ['no certificate', undefined],
];

/** A BIND on a new connection of a client that shows this. */
async function bindWith(
  { session, key }: Pick<RawSession, 'session' | 'key'>,
  clientThumbprint: Uint8Array | undefined,
) {
  const connection = dial(t, { clientThumbprint });
  const { answerTo, welcome } = await rawHello(connection);
  const { name, message } = await answerTo('bind', bindMessage(connection, welcome.challenge, session, key));
  return { connection, outcome: name === 'error' ? message.code : name };
}

describe('a session that was exchanged with a client certificate', () => {
  test('is kept with its thumbprint, and bound where the certificate is shown [P-5.7]', async () => {
    const agent = await rawSession(dial(t, { clientThumbprint: LAPTOP }), alice);

    expect(await t.store.sessions.get(agent.session)).toMatchObject({
      certificateThumbprint: 'wcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcE',
    });
    expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });
    const { connection, outcome } = await bindWith(agent, LAPTOP);
    expect(outcome).toBe('bound');
    expect(await openLane(connection)(agent.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test.each(STRANGERS)(
    'is not bound by BIND on a connection with %s, and stays [P-5.7] [I5, I7]',
    async (_, shown) => {
      const agent = await rawSession(dial(t, { clientThumbprint: LAPTOP }), alice);

      const { connection, outcome } = await bindWith(agent, shown);

      expect(outcome).toBe('RTA_AUTHORITY_CERTIFICATE');
      expect(await openLane(connection)(agent.bound.token)).toMatchObject({ cause: 'not-bound' });
      expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });
      expect(await t.audit()).toContainEqual(
        expect.objectContaining({
          kind: 'bind',
          outcome: 'refused',
          cause: 'RTA_AUTHORITY_CERTIFICATE',
          session: agent.session,
        }),
      );
    },
  );

  test.each(STRANGERS)(
    'is not bound by RESUME on a connection with %s, early or not [P-5.7, P-9.8] [I5]',
    async (_, shown) => {
      const agent = await rawSession(dial(t, { clientThumbprint: LAPTOP }), alice);
      for (const isEarly of [true, false]) {
        const connection = dial(t, { clientThumbprint: shown, isEarly });
        const flight = flightOf(resumeMessage(connection, agent, t.clock.now()), agent.bound.token);
        const lane = play(connection, flight);

        expect(await lane.ended).toBe('end');
        expect(lane.answers()).toEqual(['RTA_AUTHORITY_CERTIFICATE']);
      }
      expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });
    },
  );

  test('is bound by RESUME on a connection with that certificate [P-5.7]', async () => {
    const agent = await rawSession(dial(t, { clientThumbprint: LAPTOP }), alice);
    const connection = dial(t, { clientThumbprint: LAPTOP, isEarly: true });
    const lane = play(
      connection,
      flightOf(resumeMessage(connection, agent, t.clock.now()), agent.bound.token),
    );

    await expect.poll(lane.answers).toEqual(['bound', 'permit policy']);
  });

  test('says nothing of certificates to who does not hold its key', async () => {
    const agent = await rawSession(dial(t, { clientThumbprint: LAPTOP }), alice);

    const { outcome } = await bindWith({ session: agent.session, key: generateAgentKey() }, undefined);

    expect(outcome).toBe('RTA_AUTHORITY_PROOF');
  });

  test('delegates sessions to agents that show another one, or none [P-5.8] [I5]', async () => {
    const agent = await rawSession(dial(t, { clientThumbprint: LAPTOP }), alice);
    const key = generateAgentKey();
    const { session } = await agent.ask(
      'delegate',
      { token: agent.bound.token, agent: { id: 'child' }, scope: ['files.read'], key: key.publicKey },
      'delegated',
    );
    const child = { session: parseSessionId(session), key };

    expect((await bindWith(child, OTHER)).outcome).toBe('bound');
    expect((await bindWith(child, undefined)).outcome).toBe('bound');
    expect((await t.store.sessions.get(session))?.['certificateThumbprint']).toBeUndefined();
  });
});

test('a session that was exchanged over HTTPS is bound to no certificate, then or later [P-5.8]', async () => {
  const key = generateAgentKey();
  const proof = await proofOf(key, TOKEN_URL, await HTTPS.nonce(t), { now: t.clock.now() });
  const outcome = await HTTPS.exchange(t, { parameters: exchangeParameters(alice), proof });
  const session = parseSessionId(outcome.ok ? outcome.session : '');

  expect((await bindWith({ session, key }, LAPTOP)).outcome).toBe('bound');
  expect((await bindWith({ session, key }, undefined)).outcome).toBe('bound');
  expect(await t.audit()).toContainEqual(
    expect.objectContaining({ kind: 'exchange', session, connection: 'https', transport: 'https' }),
  );
});

test('a session stays bound when its connection goes on from another address [P-5.6]', async () => {
  const facts: ConnectionFacts = { remoteAddress: '192.0.2.1:4433' };
  const agent = await rawSession(dial(t, facts), alice);
  expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });

  facts.remoteAddress = '198.51.100.7:1024';

  expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });
  expect(await agent.ask('end', { token: agent.bound.token }, 'ended')).toEqual({ session: agent.session });
});
