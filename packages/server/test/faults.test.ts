import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { encodeAuthorize } from '@rta/protocol';
import { generateAgentKey } from '@rta/sdk';
import { createMemoryStore } from '@rta/store';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { faultChannel } from '../src/index.ts';
import { exchangeParameters, proofOf, READ, rawHello, rawSession } from './raw-agent.ts';
import { startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();

describe('a fault of the node', () => {
  test('is not described on the control stream [P-8.4]', async () => {
    const store = createMemoryStore({ clock: { now: Date.now } });
    const faults: unknown[] = [];
    const listen = (fault: unknown): void => void faults.push(fault);
    subscribe(faultChannel.name, listen);
    await using t = await startTestServer({ idp, store });
    const { refusal, ask, welcome } = await rawHello(t.rawConnect());
    const proof = await proofOf(generateAgentKey(), welcome.tokenEndpoint, welcome.nonce, {
      now: t.clock.now(),
    });
    store.sessions.put = () => Promise.reject(new TypeError('/var/lib/rta is full'));

    expect(
      await refusal('exchange', { parameters: exchangeParameters((await t.signIn()).accessToken), proof }),
    ).toEqual({
      code: 'RTA_SERVER_INTERNAL',
      message: 'the node failed to answer',
      retryable: true,
      nonce: expect.any(String),
    });
    unsubscribe(faultChannel.name, listen);
    expect(faults).toMatchObject([{ area: 'connection', code: 'RTA_SERVER_INTERNAL' }]);
    expect(t.server.openSessions).toBe(0);
    expect(await ask('ping', {}, 'pong')).toEqual({ nowMs: t.clock.now() });
  });

  test('of its store is not described either [P-8.4]', async () => {
    const store = createMemoryStore({ clock: { now: Date.now } });
    await using t = await startTestServer({ idp, store });
    const { accessToken } = await t.signIn();
    const { refusal, welcome } = await rawHello(t.rawConnect());
    const proof = await proofOf(generateAgentKey(), welcome.tokenEndpoint, welcome.nonce, {
      now: t.clock.now(),
    });
    const gone = createMemoryStore({ clock: { now: Date.now } });
    await gone.close();
    store.sessions.put = (...put) => gone.sessions.put(...put);

    expect(await refusal('exchange', { parameters: exchangeParameters(accessToken), proof })).toMatchObject({
      code: 'RTA_SERVER_INTERNAL',
    });
  });

  test('closes the connection that met it, without a word, and no other one [P-8.4]', async () => {
    const inner = createFakeClock(Date.now());
    let broken = false;
    const clock: FakeClock = {
      ...inner,
      now: () => {
        if (!broken) return inner.now();
        broken = false;
        throw new TypeError('battery is empty');
      },
    };
    await using t = await startTestServer({ idp, clock });
    const agent = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
    const other = await rawSession(t.rawConnect(), (await t.signIn('bob')).accessToken);
    // Until what follows from binding is done: it looks at the clock too.
    await expect.poll(async () => (await t.store.sessions.get(other.session))?.['boundAtMs']).toBeDefined();

    broken = true;
    const lane = agent.connection.openStream();
    lane.write(encodeAuthorize(1, { token: agent.bound.token, ...READ }));

    expect(await agent.connection.closed).toMatchObject({
      by: 'peer',
      code: 0x20,
      reason: 'fault of the server',
    });
    expect(await other.lane(other.bound.token)).toMatchObject({ effect: 'permit' });
  });
});
