import { createStaticPdp, type Decision, type PolicyDecisionPoint } from '@rta/pdp';
import { decodeDecision, decodeMessage, encodeAuthorize, encodeMessage } from '@rta/protocol';
import { generateAgentKey } from '@rta/sdk';
import { createMemoryStore } from '@rta/store';
import { describe, expect, test } from 'vitest';
import {
  bindMessage,
  collectFrames,
  exchangeParameters,
  openBound,
  openLane,
  proofOf,
  READ,
  rawHello,
  rawSession,
} from './raw-agent.ts';
import { POLICY, startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();

/** A PDP that answers when it is let, as a remote one would. */
function gatedPdp() {
  const inner = createStaticPdp({ rules: POLICY });
  const waiting: (() => void)[] = [];
  const pdp: PolicyDecisionPoint = {
    ...inner,
    features: { ...inner.features, synchronous: false },
    revision: inner.revision,
    evaluate: async (request): Promise<Decision> => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return inner.evaluate(request);
    },
  };
  return {
    pdp,
    get asked() {
      return waiting.length;
    },
    answer(): void {
      for (const go of waiting.splice(0)) go();
    },
  };
}

describe('a lane of a PDP that takes its time', () => {
  test('is read no further while too many decisions are pending [P-2.4]', async () => {
    const gate = gatedPdp();
    await using t = await startTestServer({ idp, pdp: gate.pdp });
    const agent = await rawSession(t.rawConnect({ maxChunkBytes: 1_024 }), (await t.signIn()).accessToken);
    const stream = agent.connection.openStream();
    const { frames } = collectFrames(stream);

    for (let id = 1; id <= 600; id += 1)
      stream.write(encodeAuthorize(id, { token: agent.bound.token, ...READ }));
    await expect.poll(() => gate.asked).toBeGreaterThanOrEqual(256);
    // The control stream is read meanwhile.
    await agent.ask('ping', {}, 'pong');
    // What was in the chunk with the 256th is decided as well.
    expect(gate.asked).toBeLessThan(256 + 8);

    await expect
      .poll(() => {
        gate.answer();
        return frames.length;
      })
      .toBe(600);
    expect(frames.every(({ body }) => decodeDecision(body).effect === 'permit')).toBe(true);
    expect(new Set(frames.map(({ requestId }) => requestId)).size).toBe(600);
  });

  test('that its agent ends is answered before it is over [P-2.5, P-6.12]', async () => {
    const gate = gatedPdp();
    await using t = await startTestServer({ idp, pdp: gate.pdp });
    const agent = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
    const stream = agent.connection.openStream();
    const { frames, ended } = collectFrames(stream);
    stream.write(encodeAuthorize(1, { token: agent.bound.token, ...READ }));
    stream.end();
    await expect.poll(() => gate.asked).toBe(1);

    gate.answer();

    expect(await ended).toBe('end');
    expect(frames.map(({ requestId, body }) => [requestId, decodeDecision(body).effect])).toEqual([
      [1, 'permit'],
    ]);
    expect(await agent.ask('ping', {}, 'pong')).toEqual({ nowMs: t.clock.now() });
  });

  test('that its agent breaks off takes nothing else along [P-2.5]', async () => {
    const gate = gatedPdp();
    await using t = await startTestServer({ idp, pdp: gate.pdp });
    const agent = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
    const stream = agent.connection.openStream();
    stream.write(encodeAuthorize(1, { token: agent.bound.token, ...READ }));
    await expect.poll(() => gate.asked).toBe(1);
    stream.reset(0);
    await agent.ask('ping', {}, 'pong');

    gate.answer();

    const decision = agent.lane(agent.bound.token);
    await expect.poll(() => gate.asked).toBe(1);
    gate.answer();
    expect(await decision).toMatchObject({ effect: 'permit' });
  });

  test('answers with the state of the session when the answer leaves [P-6.12]', async () => {
    const gate = gatedPdp();
    await using t = await startTestServer({ idp, pdp: gate.pdp });
    const agent = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
    const stale = agent.lane(agent.bound.token);
    await expect.poll(() => gate.asked).toBe(1);
    await t.revoke('alice');

    gate.answer();

    expect(await stale).toEqual({ effect: 'deny', cause: 'session-ended', generation: 0 });
  });
});

describe('control requests', () => {
  test('beyond the limit are refused, and the connection goes on [P-2.4, P-8.3]', async () => {
    const store = createMemoryStore({ clock: { now: Date.now } });
    const gate = Promise.withResolvers<void>();
    const slow = {
      ...store,
      singleUse: {
        ...store.singleUse,
        claim: (key: string, at: number) => gate.promise.then(() => store.singleUse.claim(key, at)),
      },
    };
    await using t = await startTestServer({ idp, store: slow });
    const { accessToken } = await t.signIn();
    const { answerTo, ask, welcome } = await rawHello(t.rawConnect());
    const parameters = exchangeParameters(accessToken);
    const proof = await proofOf(generateAgentKey(), welcome.tokenEndpoint, welcome.nonce, {
      now: t.clock.now(),
    });

    const pending = Array.from({ length: 32 }, () => answerTo('exchange', { parameters, proof }));
    expect(await answerTo('exchange', { parameters, proof })).toEqual({
      name: 'error',
      message: {
        code: 'RTA_SERVER_OVERLOAD',
        message: expect.any(String),
        retryable: true,
        nonce: expect.stringMatching(/^[\w-]{75}$/),
      },
    });
    gate.resolve();

    const answers = (await Promise.all(pending)).map(({ name }) => name);
    expect(answers.filter((name) => name === 'exchanged')).toHaveLength(1);
    expect(answers.filter((name) => name === 'error')).toHaveLength(31);
    expect(await ask('ping', {}, 'pong')).toEqual({ nowMs: t.clock.now() });
  });

  test('of all connections together are refused beyond the limit of the node [I9]', async () => {
    const store = createMemoryStore({ clock: { now: Date.now } });
    const gate = Promise.withResolvers<void>();
    let claims = 0;
    const slow = {
      ...store,
      singleUse: {
        ...store.singleUse,
        claim: (key: string, at: number) => {
          claims += 1;
          return gate.promise.then(() => store.singleUse.claim(key, at));
        },
      },
    };
    await using t = await startTestServer({ idp, store: slow });
    const { accessToken } = await t.signIn();
    const parameters = exchangeParameters(accessToken);
    const agents = await Promise.all(Array.from({ length: 8 }, () => rawHello(t.rawConnect())));
    const pending = await Promise.all(
      agents.map(async ({ answerTo, welcome }) => {
        const proof = await proofOf(generateAgentKey(), welcome.tokenEndpoint, welcome.nonce, {
          now: t.clock.now(),
        });
        return Array.from({ length: 32 }, () => answerTo('exchange', { parameters, proof }));
      }),
    );
    await expect.poll(() => claims, { timeout: 10_000 }).toBe(256);

    const { refusal } = await rawHello(t.rawConnect());
    expect(await refusal('exchange', { parameters, proof: 'x' })).toMatchObject({
      code: 'RTA_SERVER_OVERLOAD',
      retryable: true,
    });

    gate.resolve();
    await Promise.all(pending.flat());
  });

  test('are answered by their own number, in whatever order [P-3.8]', async () => {
    await using t = await startTestServer({ idp });
    const { stream, welcome } = await rawHello(t.rawConnect());
    const { frames } = collectFrames(stream);
    const proof = await proofOf(generateAgentKey(), welcome.tokenEndpoint, welcome.nonce, {
      now: t.clock.now(),
    });

    stream.write(encodeMessage('exchange', 4_294_967_295, { parameters: exchangeParameters('x'), proof }));
    stream.write(encodeMessage('ping', 77, {}));
    await expect.poll(() => frames.length).toBe(2);

    expect(new Set(frames.map(({ requestId }) => requestId))).toEqual(new Set([77, 4_294_967_295]));
    const pong = frames.find(({ requestId }) => requestId === 77);
    expect(pong && decodeMessage('pong', pong)).toEqual({ nowMs: t.clock.now() });
  });
});

describe('bindings', () => {
  test('get a challenge of their own on each connection [P-5.2]', async () => {
    await using t = await startTestServer({ idp });
    const challenges = new Set<string>();
    for (let count = 0; count < 8; count += 1) {
      const { welcome } = await rawHello(t.rawConnect());
      expect(welcome.challenge).toHaveLength(32);
      challenges.add(Buffer.from(welcome.challenge).toString('hex'));
    }

    expect(challenges.size).toBe(8);
  });

  test('leave a stranger to the session with nothing but a cause [P-5.5, P-6.12]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
    const stranger = openLane(t.rawConnect());
    await t.changeRisk('alice', 'HIGH');
    expect(await stranger(agent.bound.token)).toEqual({ effect: 'deny', cause: 'not-bound', generation: 0 });

    await t.revoke('alice');

    expect(await stranger(agent.bound.token)).toEqual({
      effect: 'deny',
      cause: 'session-ended',
      generation: 0,
    });
  });
});

describe('a connection', () => {
  test('has room for any number of sessions, one after the other [P-7.4]', async () => {
    await using t = await startTestServer({ idp });
    const { accessToken } = await t.signIn();
    const agent = await rawSession(t.rawConnect({ maxStreamCount: 3 }), accessToken);
    let next = agent;
    for (let count = 0; count < 6; count += 1) {
      await agent.ask('end', { token: next.bound.token }, 'ended');
      const { stream } = await agent.pushes.next();
      stream.end();
      next = { ...agent, ...(await openBound(agent, accessToken, { nonce: next.nextNonce })) };
    }

    expect(await agent.lane(next.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('is closed when a push stream ends within an acknowledgement [P-2.3]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
    await t.changeRisk('alice', 'HIGH');
    const { stream, frame } = await agent.pushes.next();

    stream.write(
      encodeMessage('ack', frame.requestId, { session: agent.session, generation: 2 }).subarray(0, -1),
    );
    stream.end();

    expect(await agent.connection.closed).toMatchObject({ by: 'peer', code: 0x10 });
  });

  test('may bind a session again that it has already [P-5.4]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
    const message = bindMessage(agent.connection, agent.welcome.challenge, agent.session, agent.key);

    expect(await agent.ask('bind', message, 'bound')).toEqual(agent.bound);
    expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });
  });
});
