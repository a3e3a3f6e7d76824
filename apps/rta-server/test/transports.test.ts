import {
  type AgentSession,
  connect,
  createTicketStore,
  generateAgentKey,
  type RtaClient,
  resume,
} from '@rta/sdk';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { type Deployment, READ, startDeployment } from './deployment.ts';
import { type Network, startNetwork } from './network.ts';

/** An agent that could not reach the server over UDP. */
async function fallBack(
  t: Deployment,
  network: Network,
): Promise<{ client: RtaClient; session: AgentSession; clock: FakeClock } & AsyncDisposable> {
  const clock = createFakeClock(Date.now());
  const connecting = connect(network.endpoint, { ca: t.pki.caCertPem, clock });
  await network.nextDatagram();
  clock.advance(200);
  const client = await connecting;
  const session = await client.exchange({ subjectToken: await t.signIn(), agent: { id: 'agent-1' } });
  return { client, session, clock, [Symbol.asyncDispose]: client.close };
}

const aborted = (session: AgentSession): Promise<unknown> =>
  new Promise((resolve) => {
    if (session.signal.aborted) resolve(session.signal.reason);
    session.signal.addEventListener('abort', () => resolve(session.signal.reason), { once: true });
  });

describe('an agent whose network drops UDP', () => {
  test('works over WebSocket, and goes over to QUIC when it may', async () => {
    await using t = await startDeployment();
    await using network = await startNetwork(t.server.agentsPort);
    await using agent = await fallBack(t, network);
    const { client, session, clock } = agent;
    expect(client.transport).toBe('websocket');
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
    const moved = new Promise((resolve) => client.on('transport', resolve));

    network.letUdpPass(true);
    clock.advance(10_000);
    const questions = Array.from({ length: 50 }, () => session.authorize(READ));
    expect(await moved).toEqual({ previous: 'websocket', transport: 'quic' });

    for (const decision of await Promise.all(questions)) expect(decision).toMatchObject({ permitted: true });
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
    await t.revokeAlice();
    expect(await aborted(session)).toMatchObject({ code: 'RTA_SDK_REVOKED' });
  });

  test('hears of a revocation that comes while it goes over', async () => {
    await using t = await startDeployment();
    await using network = await startNetwork(t.server.agentsPort);
    await using agent = await fallBack(t, network);
    const { session, clock } = agent;
    network.letUdpPass(true);
    const going = network.nextDatagram();
    clock.advance(10_000);
    await going;

    await t.revokeAlice();

    expect(await aborted(session)).toMatchObject({ code: 'RTA_SDK_REVOKED' });
    await expect(session.authorize(READ)).rejects.toMatchObject({ code: 'RTA_SDK_REVOKED' });
  });
});

describe('an agent that was here before', () => {
  test('is decided for with its first packet, over QUIC', async () => {
    await using t = await startDeployment();
    const endpoint = `127.0.0.1:${t.server.agentsPort}`;
    const ca = t.pki.caCertPem;
    const tickets = createTicketStore();
    const key = generateAgentKey();
    const before = await connect(endpoint, { ca, tickets });
    const first = await before.exchange({ subjectToken: await t.signIn(), agent: { id: 'agent-1' }, key });
    const saved = JSON.parse(JSON.stringify(first.save())) as ReturnType<typeof first.save>;
    await before.close();

    const { session, decision, early, ...resumed } = await resume(endpoint, {
      ca,
      tickets,
      session: saved,
      key,
      first: READ,
    });
    await using client = resumed.client;

    expect([client.transport, early]).toEqual(['quic', 'accepted']);
    expect(decision).toMatchObject({ permitted: true });
    expect(session.id).toBe(first.id);
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
    await t.revokeAlice();
    expect(await aborted(session)).toMatchObject({ code: 'RTA_SDK_REVOKED' });
  });

  test('has the same answers over WebSocket', async () => {
    await using t = await startDeployment({
      agents: { host: '127.0.0.1', port: 0, transports: ['websocket'] },
    });
    const endpoint = `127.0.0.1:${t.server.agentsPort}`;
    const ca = t.pki.caCertPem;
    const key = generateAgentKey();
    const before = await connect(endpoint, { ca });
    const first = await before.exchange({ subjectToken: await t.signIn(), agent: { id: 'agent-1' }, key });
    await before.close();

    const { decision, early, ...resumed } = await resume(endpoint, {
      ca,
      session: first.save(),
      key,
      first: READ,
    });
    await using client = resumed.client;

    expect([client.transport, early]).toEqual(['websocket', 'none']);
    expect(decision).toMatchObject({ permitted: true });
  });

  test('is refused where its session was revoked meanwhile', async () => {
    await using t = await startDeployment();
    const endpoint = `127.0.0.1:${t.server.agentsPort}`;
    const ca = t.pki.caCertPem;
    const tickets = createTicketStore();
    const key = generateAgentKey();
    const before = await connect(endpoint, { ca, tickets });
    const session = await before.exchange({ subjectToken: await t.signIn(), agent: { id: 'agent-1' }, key });
    const saved = session.save();
    await before.close();
    await t.revokeAlice();

    await expect(resume(endpoint, { ca, tickets, session: saved, key, first: READ })).rejects.toMatchObject({
      code: 'RTA_SDK_REFUSED',
      details: { serverCode: 'RTA_AUTHORITY_SESSION_ENDED' },
    });
  });

  test('is refused with the key of another', async () => {
    await using t = await startDeployment();
    const endpoint = `127.0.0.1:${t.server.agentsPort}`;
    const ca = t.pki.caCertPem;
    const before = await connect(endpoint, { ca });
    const session = await before.exchange({ subjectToken: await t.signIn(), agent: { id: 'agent-1' } });
    const saved = session.save();
    await before.close();

    await expect(
      resume(endpoint, { ca, session: saved, key: generateAgentKey(), first: READ }),
    ).rejects.toMatchObject({ code: 'RTA_SDK_REFUSED', details: { serverCode: 'RTA_AUTHORITY_PROOF' } });
  });
});
