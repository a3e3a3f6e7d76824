import { createMemoryBroker, type EventBroker } from '@rta/events';
import { createStaticPdp } from '@rta/pdp';
import { createMemoryStore } from '@rta/store';
import { describe, expect, test } from 'vitest';
import { bindMessage, openLane, rawHello, rawSession, resumeMessage } from './raw-agent.ts';
import { CERTIFICATE, dial, flightOf, gatedStore, lostSession, play } from './resume-fixture.ts';
import { POLICY, startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();

/** The policy of the tests, and how often it was asked. */
function countingPdp() {
  const inner = createStaticPdp({ rules: POLICY });
  let asked = 0;
  const pdp: typeof inner = {
    ...inner,
    // No decision is kept: each is asked for.
    features: { ...inner.features, deterministic: false },
    revision: inner.revision,
    evaluate: (request) => {
      asked += 1;
      return inner.evaluate(request);
    },
  };
  return { pdp, asked: () => asked };
}

describe('a flight that was recorded', () => {
  test('and is played again, on this connection or another, counts once [P-9.6, P-9.9] [I5, I7]', async () => {
    const { pdp, asked } = countingPdp();
    await using t = await startTestServer({ idp, pdp });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const resumed = dial(t);
    const flight = flightOf(resumeMessage(resumed, agent, t.clock.now()), agent.bound.token, 2);
    const first = play(resumed, flight);
    await expect.poll(first.answers).toEqual(['bound', 'permit policy', 'permit policy']);

    for (const connection of [resumed, dial(t), dial(t), dial(t, { isEarly: true })]) {
      const copy = play(connection, flight);
      expect(await copy.ended).toBe('end');
      expect(copy.answers()).toEqual(['RTA_SERVER_RESUME_REPLAYED']);
      expect(await t.audit()).toContainEqual(
        expect.objectContaining({
          kind: 'bind',
          outcome: 'refused',
          cause: 'RTA_SERVER_RESUME_REPLAYED',
          session: agent.session,
        }),
      );
    }
    expect(asked()).toBe(2);
    expect(await openLane(resumed)(agent.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('counts no better when its connection is gone, nor when its time has come [P-9.5, P-9.6]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const resumed = dial(t);
    const flight = flightOf(resumeMessage(resumed, agent, t.clock.now() + 30_000), agent.bound.token);
    await expect.poll(play(resumed, flight).answers).toEqual(['bound', 'permit policy']);
    await resumed.close();
    const answerAfter = async (seconds: number): Promise<readonly string[]> => {
      for (let second = 0; second < seconds; second += 1) {
        t.clock.advance(1_000);
        await t.audit();
      }
      const copy = play(dial(t), flight);
      await copy.ended;
      return copy.answers();
    };

    expect(await answerAfter(0)).toEqual(['RTA_SERVER_RESUME_REPLAYED']);
    // It may come until then.
    expect(await answerAfter(60)).toEqual(['RTA_SERVER_RESUME_REPLAYED']);
    expect(await answerAfter(1)).toEqual(['RTA_SERVER_RESUME_LATE']);
  });

  test('is worth nothing at a server with another certificate, nor where the channel is its own [P-9.4]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const flight = flightOf(resumeMessage(agent.connection, agent, t.clock.now()), agent.bound.token);

    const copy = play(dial(t, { channelBinding: new Uint8Array(32).fill(0xbc) }), flight);
    const websocket = play(t.rawConnect(), flight);

    expect(await copy.ended).toBe('end');
    expect(await websocket.ended).toBe('end');
    expect([...copy.answers(), ...websocket.answers()]).toEqual([
      'RTA_AUTHORITY_PROOF',
      'RTA_AUTHORITY_PROOF',
    ]);
  });

  test('and arrives before the original counts in its place; the agent takes its session back [P-9.6, P-5.4]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const flight = flightOf(resumeMessage(agent.connection, agent, t.clock.now()), agent.bound.token);
    const thief = dial(t, { isEarly: true });
    await expect.poll(play(thief, flight).answers).toEqual(['bound', 'permit policy']);

    const original = dial(t);
    const refused = play(original, flight);
    expect(await refused.ended).toBe('end');
    expect(refused.answers()).toEqual(['RTA_SERVER_RESUME_REPLAYED']);
    const { ask, welcome } = await rawHello(original);
    const bound = await ask(
      'bind',
      bindMessage(original, welcome.challenge, agent.session, agent.key),
      'bound',
    );

    expect(await openLane(original)(bound.token)).toMatchObject({ effect: 'permit' });
    expect(await openLane(thief)(bound.token)).toMatchObject({ effect: 'deny', cause: 'not-bound' });
    // The copy never completes its handshake: its transport closes it, and nobody notices.
    await thief.close();
    expect(await openLane(original)(bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('and held back does not take the session from the connection that its agent came back on [P-9.7]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const heldBack = flightOf(resumeMessage(agent.connection, agent, t.clock.now()), agent.bound.token);
    t.clock.advance(1_000);
    const live = dial(t);
    const { ask, welcome } = await rawHello(live);
    await ask('bind', bindMessage(live, welcome.challenge, agent.session, agent.key), 'bound');

    const late = play(dial(t, { isEarly: true }), heldBack);

    expect(await late.ended).toBe('end');
    expect(late.answers()).toEqual(['RTA_AUTHORITY_PROOF_OLD']);
    expect(await openLane(live)(agent.bound.token)).toMatchObject({ effect: 'permit' });
  });
});

describe('while the store is asked about a nonce', () => {
  test('a lane is read no further, and what came is evaluated only then [P-9.3] [I9]', async () => {
    const gate = gatedStore();
    const { pdp, asked } = countingPdp();
    await using t = await startTestServer({ idp, pdp, store: gate.store });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const connection = t.rawConnect({ maxChunkBytes: 4_096 }, { channelBinding: CERTIFICATE });
    const flight = flightOf(resumeMessage(connection, agent, t.clock.now()), agent.bound.token, 1_000);

    const lane = play(connection, flight);
    await expect.poll(gate.waiting).toBe(1);
    // Other streams are read meanwhile.
    await (await rawHello(connection)).ask('ping', {}, 'pong');

    expect(lane.answers()).toEqual([]);
    expect(asked()).toBe(0);
    expect(lane.stream.bufferedBytes).toBeGreaterThanOrEqual(flight.byteLength - 4_096);
    gate.go();

    await expect.poll(lane.answers).toHaveLength(1_001);
    expect([...new Set(lane.answers())]).toEqual(['bound', 'permit policy']);
    expect(lane.frames.map(({ requestId }) => requestId)).toEqual(
      Array.from({ length: 1_001 }, (_, index) => index + 1),
    );
    expect(asked()).toBe(1_000);
  });

  test('of two copies one is taken [P-9.6]', async () => {
    const gate = gatedStore();
    await using t = await startTestServer({ idp, store: gate.store });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const flight = flightOf(resumeMessage(agent.connection, agent, t.clock.now()), agent.bound.token);
    const lanes = [play(dial(t), flight), play(dial(t), flight)];
    await expect.poll(gate.waiting).toBe(2);

    gate.go();

    await expect
      .poll(() => lanes.flatMap((lane) => lane.answers()).sort())
      .toEqual(['RTA_SERVER_RESUME_REPLAYED', 'bound', 'permit policy']);
  });

  test('a session that is revoked is not bound any more [P-9.8] [I2]', async () => {
    const gate = gatedStore();
    await using t = await startTestServer({ idp, store: gate.store });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const lane = play(
      dial(t),
      flightOf(resumeMessage(agent.connection, agent, t.clock.now()), agent.bound.token),
    );
    await expect.poll(gate.waiting).toBe(1);

    await t.revoke('alice');
    gate.go();

    expect(await lane.ended).toBe('end');
    expect(lane.answers()).toEqual(['RTA_AUTHORITY_SESSION_ENDED']);
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'bind', outcome: 'refused', cause: 'RTA_AUTHORITY_SESSION_ENDED' }),
    );
  });

  test('a session that is bound elsewhere stays there [P-9.7]', async () => {
    const gate = gatedStore();
    await using t = await startTestServer({ idp, store: gate.store });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const lane = play(
      dial(t),
      flightOf(resumeMessage(agent.connection, agent, t.clock.now()), agent.bound.token),
    );
    await expect.poll(gate.waiting).toBe(1);
    t.clock.advance(1);
    const live = dial(t);
    const { ask, welcome } = await rawHello(live);
    await ask('bind', bindMessage(live, welcome.challenge, agent.session, agent.key), 'bound');

    gate.go();

    expect(await lane.ended).toBe('end');
    expect(lane.answers()).toEqual(['RTA_AUTHORITY_PROOF_OLD']);
    expect(await openLane(live)(agent.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('a connection that goes takes no session along, and is never bound [P-9.8]', async () => {
    const gate = gatedStore();
    await using t = await startTestServer({ idp, store: gate.store });
    const agent = await rawSession(dial(t), (await t.signIn()).accessToken);
    const leaving = dial(t);
    play(leaving, flightOf(resumeMessage(leaving, agent, t.clock.now()), agent.bound.token));
    await expect.poll(gate.waiting).toBe(1);

    await leaving.close();
    await expect.poll(() => t.server.openConnections).toBe(1);
    gate.go();

    await expect
      .poll(() => t.audit())
      .toContainEqual(
        expect.objectContaining({
          kind: 'bind',
          outcome: 'refused',
          cause: 'RTA_SERVER_DISCONNECTED',
          session: agent.session,
        }),
      );
    expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('a lane that is broken off leaves its questions unasked, and the connection alone [P-2.5]', async () => {
    const gate = gatedStore();
    const { pdp, asked } = countingPdp();
    await using t = await startTestServer({ idp, pdp, store: gate.store });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const connection = dial(t);
    const lane = play(
      connection,
      flightOf(resumeMessage(connection, agent, t.clock.now()), agent.bound.token),
    );
    await expect.poll(gate.waiting).toBe(1);
    lane.stream.reset(0);
    const { ask } = await rawHello(connection);

    gate.go();
    await ask('ping', {}, 'pong');

    expect(asked()).toBe(0);
    expect(lane.answers()).toEqual([]);
    expect(await openLane(connection)(agent.bound.token)).toMatchObject({ effect: 'permit' });
  });

  test('a lane that its agent ends is answered before it is over [P-9.3]', async () => {
    const gate = gatedStore();
    await using t = await startTestServer({ idp, store: gate.store });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const lane = play(
      dial(t),
      flightOf(resumeMessage(agent.connection, agent, t.clock.now()), agent.bound.token),
    );
    lane.stream.end();
    await expect.poll(gate.waiting).toBe(1);

    gate.go();

    expect(await lane.ended).toBe('end');
    expect(lane.answers()).toEqual(['bound', 'permit policy']);
  });
});

describe('a store that cannot remember a nonce', () => {
  test('binds nothing, permits nothing, and is not described to the peer [P-9.6, P-8.4] [I1]', async () => {
    const gate = gatedStore();
    const { pdp, asked } = countingPdp();
    await using t = await startTestServer({ idp, pdp, store: gate.store });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const connection = dial(t);
    const lane = play(
      connection,
      flightOf(resumeMessage(connection, agent, t.clock.now()), agent.bound.token),
    );
    await expect.poll(gate.waiting).toBe(1);

    gate.go(new TypeError('/var/lib/rta is full'));

    expect(await lane.ended).toBe('end');
    expect(lane.answers()).toEqual(['RTA_SERVER_SINGLE_USE']);
    expect(asked()).toBe(0);
    expect(await openLane(connection)(agent.bound.token)).toMatchObject({
      effect: 'deny',
      cause: 'not-bound',
    });
    const records = await t.audit();
    expect(records).toContainEqual(
      expect.objectContaining({
        kind: 'bind',
        outcome: 'refused',
        cause: 'RTA_SERVER_SINGLE_USE',
        session: agent.session,
      }),
    );
    expect(JSON.stringify(records)).not.toContain('/var/lib/rta');
    expect(Buffer.from(lane.frames[0]?.body ?? []).toString('latin1')).not.toContain('/var/lib/rta');
  });

  test('is full for RESUME and for nothing else: BIND needs no room [P-9.6]', async () => {
    const memory = createMemoryStore({ clock: { now: Date.now }, limits: { singleUseCount: 8 } });
    await using t = await startTestServer({ idp, store: memory });
    const agent = await lostSession(t, (await t.signIn()).accessToken);
    const fill = Array.from({ length: 8 }, (_, one) =>
      memory.singleUse.claim(`${one}`, t.clock.now() + 60_000),
    );
    await Promise.allSettled(fill);
    const connection = dial(t);
    const lane = play(
      connection,
      flightOf(resumeMessage(connection, agent, t.clock.now()), agent.bound.token),
    );
    expect(await lane.ended).toBe('end');
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'bind', outcome: 'refused', cause: 'RTA_SERVER_SINGLE_USE' }),
    );

    const { ask, welcome } = await rawHello(connection);
    await ask('bind', bindMessage(connection, welcome.challenge, agent.session, agent.key), 'bound');

    expect(await openLane(connection)(agent.bound.token)).toMatchObject({ effect: 'permit' });
  });
});

test('a node that does not know what was published binds nothing [I2]', async () => {
  const broker = createMemoryBroker();
  let silent = false;
  const stalled: EventBroker = {
    ...broker,
    features: broker.features,
    publish: (event) => (silent ? new Promise(() => undefined) : broker.publish(event)),
  };
  await using t = await startTestServer({ idp, broker: stalled });
  const agent = await lostSession(t, (await t.signIn()).accessToken);
  silent = true;
  t.clock.advance(5_001);

  const lane = play(
    dial(t),
    flightOf(resumeMessage(agent.connection, agent, t.clock.now()), agent.bound.token),
  );

  expect(await lane.ended).toBe('end');
  expect(lane.answers()).toEqual(['RTA_SERVER_VIEW_STALE']);
});
