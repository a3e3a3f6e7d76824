import { randomBytes } from 'node:crypto';
import { isRtaError } from '@rta/core';
import { createMemoryBroker, type EventBroker, type EventEnvelope } from '@rta/events';
import { createStaticPdp, type Decision, type PolicyDecisionPoint } from '@rta/pdp';
import { createMemoryStore } from '@rta/store';
import { encodeToken } from '@rta/token';
import type { TransportConnection } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import { openLane, READ, rawSession } from './raw-agent.ts';
import { POLICY, startTestIdp, startTestServer, type TestServer } from './test-server.ts';

const idp = await startTestIdp();
const WRITE = { ...READ, action: 'files.write' };

/** The token that a session's agent holds, and the connection that it is good on. */
async function tokenOf(t: TestServer): Promise<{ token: Uint8Array; connection: TransportConnection }> {
  const { bound, connection } = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
  return { token: bound.token, connection };
}

/** A rule that has a mistake. */
const failing = (): never => {
  throw new Error('attribute missing');
};

describe('a decision', () => {
  test('is made by the policy, for what the session was granted', async () => {
    await using t = await startTestServer({ idp });
    const { session } = await t.openSession();

    expect(await session.authorize(READ)).toEqual({
      permitted: true,
      cause: 'policy',
      reasons: ['read'],
      generation: 1,
    });
  });

  test('is a denial for an action that was not granted, whatever the policy says', async () => {
    await using t = await startTestServer({ idp, policy: [{ id: 'all', effect: 'permit' }] });
    const { session } = await t.openSession({ scope: ['files.read'] });

    expect(await session.authorize(WRITE)).toMatchObject({ permitted: false, cause: 'not-granted' });
  });

  test('is a denial by default where no policy applies', async () => {
    await using t = await startTestServer({ idp, policy: [] });
    const { session } = await t.openSession();

    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'default' });
  });

  test('is a denial for a resource outside the authorization details', async () => {
    await using t = await startTestServer({ idp });
    const { session } = await t.openSession({
      authorizationDetails: [{ type: 'rta_action', actions: ['files.*'], locations: ['public/*'] }],
    });

    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'not-granted' });
    expect(
      await session.authorize({ ...READ, resource: { type: 'File', id: 'public/a.txt' } }),
    ).toMatchObject({ permitted: true });
  });

  test('is a denial where a policy fails [I1]', async () => {
    await using t = await startTestServer({
      idp,
      policy: [{ id: 'broken', effect: 'permit', when: failing }],
    });
    const { session } = await t.openSession();

    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'error' });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ cause: 'error', detail: { failure: 'RTA_PDP_RULE' } }),
    );
  });

  test('is a denial where the PDP throws against its promise [I1]', async () => {
    const inner = createStaticPdp({ rules: POLICY });
    const throwing: PolicyDecisionPoint = {
      ...inner,
      revision: inner.revision,
      evaluate: () => {
        throw new Error('out of order');
      },
    };
    await using t = await startTestServer({ idp, pdp: throwing });
    const { session } = await t.openSession();

    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'error' });
  });

  test('sees what the agent says about its request, apart from what is known', async () => {
    const seen: unknown[] = [];
    await using t = await startTestServer({
      idp,
      policy: [
        {
          id: 'look',
          effect: 'permit',
          when: ({ context }) => {
            seen.push(context?.['riskLevel'], context?.['request']);
            return true;
          },
        },
      ],
    });
    const { session } = await t.openSession();

    await session.authorize({ ...READ, context: { riskLevel: 'LOW', purpose: 'audit' } });

    expect(seen).toEqual([undefined, { riskLevel: 'LOW', purpose: 'audit' }]);
  });

  test('is asked of the PDP once for one state of the session, and again after a change [I3]', async () => {
    let asked = 0;
    await using t = await startTestServer({
      idp,
      policy: [
        {
          id: 'count',
          effect: 'permit',
          when: () => {
            asked += 1;
            return true;
          },
        },
      ],
    });
    const { session } = await t.openSession();

    await session.authorize(READ);
    await session.authorize(READ);
    expect(asked).toBe(1);

    await t.changeRisk('alice', 'HIGH');
    await session.authorize(READ);
    expect(asked).toBe(2);
  });

  test('follows a change of policies at once [I3]', async () => {
    await using t = await startTestServer({ idp });
    const { session } = await t.openSession();
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });

    t.pdp.replace([]);

    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'default' });
  });

  test('of an asynchronous PDP is thrown away where the session changed meanwhile [I3]', async () => {
    const pending: PromiseWithResolvers<Decision>[] = [];
    const inner = createStaticPdp({ rules: POLICY });
    const slow: PolicyDecisionPoint = {
      ...inner,
      features: { ...inner.features, synchronous: false },
      revision: inner.revision,
      evaluate: (request) => {
        const answer = Promise.withResolvers<Decision>();
        pending.push(answer);
        return answer.promise.then(() => inner.evaluate(request));
      },
    };
    await using t = await startTestServer({ idp, pdp: slow });
    const { session } = await t.openSession();

    const decision = session.authorize(WRITE);
    await expect.poll(() => pending.length).toBe(1);
    await t.changeRisk('alice', 'HIGH');
    pending[0]?.resolve(undefined as never);
    await expect.poll(() => pending.length).toBe(2);
    pending[1]?.resolve(undefined as never);

    expect(await decision).toMatchObject({ permitted: false, cause: 'default', generation: 2 });
  });
});

describe('a token', () => {
  test('is good only on the connection that its session is bound to [I5]', async () => {
    await using t = await startTestServer({ idp });
    const { token, connection } = await tokenOf(t);
    const thief = t.rawConnect();

    expect(await openLane(connection)(token)).toMatchObject({ effect: 'permit' });
    expect(await openLane(thief)(token)).toEqual({ effect: 'deny', cause: 'not-bound', generation: 0 });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'decision', outcome: 'deny', cause: 'not-bound', actors: ['agent-1'] }),
    );
  });

  test('that was replaced is refused with the one that replaces it [I4]', async () => {
    await using t = await startTestServer({ idp });
    const { token, connection } = await tokenOf(t);
    const ask = openLane(connection);
    await t.changeRisk('alice', 'HIGH');

    const refused = await ask(token);
    expect(refused).toMatchObject({ effect: 'deny', cause: 'stale-token', generation: 2 });
    expect(await ask(refused.token ?? token)).toMatchObject({ effect: 'permit', generation: 2 });
  });

  test('that nobody signed is refused, and gets no other one', async () => {
    await using t = await startTestServer({ idp });
    const { token, connection } = await tokenOf(t);
    const forged = token.slice();
    forged[40] = (forged[40] ?? 0) ^ 1;

    const refused = await openLane(connection)(forged);
    expect(refused).toEqual({ effect: 'deny', cause: 'token-invalid', generation: 1 });
  });

  test('of a session that never was is refused', async () => {
    await using t = await startTestServer({ idp });
    const token = encodeToken(
      {
        sessionId: 'AAAAAAAAAAAAAAAAAAAAAA' as never,
        contextHash: randomBytes(32),
        issuedAtMs: t.clock.now(),
      },
      t.key,
    );

    expect(await openLane(t.rawConnect())(token)).toEqual({
      effect: 'deny',
      cause: 'session-unknown',
      generation: 0,
    });
  });

  test('of a session that ended is refused for that reason', async () => {
    await using t = await startTestServer({ idp });
    const { token, connection } = await tokenOf(t);
    await t.revoke('alice');

    expect(await openLane(connection)(token)).toMatchObject({ effect: 'deny', cause: 'session-ended' });
  });

  test('is worth nothing once its time is up, even before anybody looks', async () => {
    await using t = await startTestServer({ idp });
    const { token, connection } = await tokenOf(t);
    const ask = openLane(connection);
    expect(await ask(token)).toMatchObject({ effect: 'permit' });

    t.clock.advance(3_600_000);
    expect(await ask(token)).toMatchObject({ effect: 'deny', cause: 'session-ended' });
  });
});

describe('a node that cannot know', () => {
  test('denies while its view of the broker is older than the limit [I2]', async () => {
    const stalled = stalledBroker();
    await using t = await startTestServer({ idp, broker: stalled.broker });
    const { session } = await t.openSession();
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });

    stalled.stall();
    t.clock.advance(5_001);
    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'view-stale' });

    stalled.goOn();
    t.clock.advance(1_000);
    await expect.poll(async () => (await session.authorize(READ)).permitted).toBe(true);
  });

  test('denies while the audit log cannot be written [I7]', async () => {
    const store = createMemoryStore({ clock: { now: Date.now } });
    let full = false;
    const failing = {
      ...store,
      audit: {
        ...store.audit,
        append: (rows: Parameters<typeof store.audit.append>[0]) =>
          full ? Promise.reject(new Error('disk full')) : store.audit.append(rows),
      },
    };
    await using t = await startTestServer({ idp, store: failing });
    const { session } = await t.openSession();
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });

    full = true;
    await expect.poll(async () => (await session.authorize(READ)).cause).toBe('overload');

    full = false;
    t.clock.advance(1_000);
    await expect.poll(async () => (await session.authorize(READ)).permitted).toBe(true);
  });

  test('refuses new sessions while its view is stale [I2]', async () => {
    const stalled = stalledBroker();
    await using t = await startTestServer({ idp, broker: stalled.broker });
    stalled.stall();
    t.clock.advance(5_001);

    const failure = await t.openSession().catch((error: unknown) => error);
    expect(isRtaError(failure, 'RTA_SDK_REFUSED') && failure.details).toMatchObject({
      serverCode: 'RTA_SERVER_VIEW_STALE',
      retryable: true,
    });
  });
});

/** A broker whose network can be held up: what is published meanwhile arrives later. */
function stalledBroker(): { readonly broker: EventBroker; stall(): void; goOn(): void } {
  const inner = createMemoryBroker();
  let held: EventEnvelope[] | undefined;
  return {
    broker: {
      ...inner,
      publish: (event) => {
        if (held === undefined) return inner.publish(event);
        held.push(event);
        return Promise.resolve('held');
      },
    },
    stall() {
      held = [];
    },
    goOn() {
      const waiting = held ?? [];
      held = undefined;
      for (const event of waiting) void inner.publish(event);
    },
  };
}
