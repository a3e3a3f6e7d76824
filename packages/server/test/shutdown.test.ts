import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createMemoryBroker } from '@rta/events';
import { encodeMessage } from '@rta/protocol';
import { generateAgentKey } from '@rta/sdk';
import { createMemoryStore } from '@rta/store';
import { describe, expect, test } from 'vitest';
import { faultChannel } from '../src/index.ts';
import { HTTPS, postToken, TOKEN_URL } from './exchange-doors.ts';
import { exchangeParameters, openLane, proofOf, READ, rawHello, rawSession } from './raw-agent.ts';
import { startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();

describe('a node that stops', () => {
  test('tells its agents, waits for them, and closes when they have gone', async () => {
    await using t = await startTestServer({ idp });
    const agent = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);

    const closing = t.server.close();

    expect(await agent.goaway).toEqual({ reason: 'the node is going away', withinMs: 2_000 });
    expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });
    await agent.connection.close();
    await closing;
    expect(t.server.openConnections).toBe(0);
  });

  test('closes the connections of those who stay', async () => {
    await using t = await startTestServer({ idp });
    const agent = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
    const silent = t.rawConnect();

    const closing = t.server.close();
    await agent.goaway;
    t.clock.advance(2_000);
    await closing;

    expect(await agent.connection.closed).toMatchObject({ by: 'peer', code: 0x01 });
    expect(await silent.closed).toMatchObject({ by: 'peer', code: 0x01 });
  });

  test('is told to the SDK', async () => {
    await using t = await startTestServer({ idp });
    const { client, session } = await t.openSession();

    const closing = t.server.close();
    expect(await client.goingAway).toEqual({ reason: 'the node is going away', withinMs: 2_000 });
    t.clock.advance(2_000);
    await closing;

    expect(await client.closed).toEqual({ reason: 'the node is going away' });
    expect(session.signal.reason).toMatchObject({ code: 'RTA_SDK_DISCONNECTED' });
  });

  test('takes no new connections and opens no new sessions', async () => {
    await using t = await startTestServer({ idp });
    const { accessToken } = await t.signIn();
    const nonce = await HTTPS.nonce(t);
    const { refusal, goaway, welcome } = await rawHello(t.rawConnect());

    const closing = t.server.close();
    await goaway;

    expect(await t.rawConnect().closed).toMatchObject({ by: 'peer', code: 0x01 });
    const parameters = exchangeParameters(accessToken);
    const proved = (one: string): Promise<string> =>
      proofOf(generateAgentKey(), TOKEN_URL, one, { now: t.clock.now() });
    expect(await refusal('exchange', { parameters, proof: await proved(welcome.nonce) })).toMatchObject({
      code: 'RTA_SERVER_CLOSING',
      retryable: true,
    });
    const response = await postToken(t, parameters, { DPoP: await proved(nonce) });
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { error: 'temporarily_unavailable' },
    ]);
    const ready = await t.server.http.request('https://rta.example/readyz');
    expect([ready.status, await ready.json()]).toMatchObject([503, { reasons: ['closing'] }]);

    t.clock.advance(2_000);
    await closing;
    expect(t.server.openSessions).toBe(0);
  });

  test('stops once, however often it is told to', async () => {
    await using t = await startTestServer({ idp });

    expect(t.server.close()).toBe(t.server.close());
    await t.server.close();
    await t.server[Symbol.asyncDispose]();
  });

  test('leaves no timer, and the ports to their owner', async () => {
    const store = createMemoryStore({ clock: { now: Date.now } });
    const broker = createMemoryBroker();
    await using t = await startTestServer({ idp, store, broker });
    const agent = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
    t.rawConnect();
    const before = t.clock.pendingTimers;
    expect(before).toBeGreaterThan(0);

    const closing = t.server.close();
    await agent.goaway;
    t.clock.advance(2_000);
    await closing;

    expect(t.clock.pendingTimers).toBe(0);
    await expect(store.audit.last()).resolves.toBeDefined();
    await expect(broker.publish({ id: '1', key: 'k', type: 'test', payload: {} })).resolves.toBeDefined();
  });

  test('has written its audit log to the end [I7]', async () => {
    await using t = await startTestServer({ idp });
    const { session } = await t.openSession();
    const decision = session.authorize(READ);
    const closing = t.server.close();
    await decision;
    t.clock.advance(2_000);
    await closing;

    const lines: string[] = [];
    for await (const { line } of t.store.audit.read()) lines.push(line);
    expect(lines.join('\n')).toContain('"action":"files.read"');
  });

  test('gets over an agent that does not read what it is told [I9]', async () => {
    await using t = await startTestServer({ idp });
    const connection = t.rawConnect({ maxBufferedBytes: 300, highWaterBytes: 150 });
    const { stream } = await rawHello(connection);
    const polite = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
    stream.pause();
    // Twelve answers of 24 bytes wait; the news does not fit any more.
    for (let id = 100; id < 112; id += 1) stream.write(encodeMessage('ping', id, {}));
    await openLane(connection)(polite.bound.token);
    const faults: unknown[] = [];
    const listen = (fault: unknown): void => void faults.push(fault);
    subscribe(faultChannel.name, listen);

    const closing = t.server.close();
    expect(await polite.goaway).toMatchObject({ withinMs: 2_000 });
    t.clock.advance(2_000);
    await closing;
    unsubscribe(faultChannel.name, listen);

    expect(await connection.closed).toMatchObject({ by: 'peer', code: 0x01 });
    expect(faults).toMatchObject([{ area: 'connection', code: 'RTA_TRANSPORT_BUFFER_FULL' }]);
  });
});
