import { isRtaError, type RtaError } from '@rta/core';
import { createMemoryStore, type Store } from '@rta/store';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import { createSubjectKeeper } from '../src/signals/subject-keeper.ts';
import { exchangeParameters, proofOf, rawHello, rawSession } from './raw-agent.ts';
import { codeOfReturn, comeBack, delegateTo, mortalStore, raise, signalAbout } from './restart-fixture.ts';
import { startSigningIssuer } from './signing-issuer.ts';
import {
  ISSUER,
  startTestIdp,
  startTestServer,
  type TestServer,
  type TestServerOptions,
} from './test-server.ts';

const idp = await startTestIdp();
const carols = await startSigningIssuer(ISSUER);
const CAROL = { issuer: carols.trusted.issuer, sub: 'carol' };
const PERMITTED = { effect: 'permit', cause: 'policy' };

/** What outlives a process. */
interface Machine {
  readonly clock: FakeClock;
  readonly store: Store;
}

function startMachine(): Machine {
  const clock = createFakeClock(Date.now());
  return { clock, store: createMemoryStore({ clock }) };
}

const start = (machine: Machine, options: Partial<TestServerOptions> = {}): Promise<TestServer> =>
  startTestServer({ idp, ...machine, issuers: [carols.trusted], ...options });

const signIn = ({ clock }: Machine): string => carols.sign(clock.now());

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: RtaError | Error) => (isRtaError(error) ? error.code : error.message),
  );
}

/** The server's code for an exchange. */
async function codeOfExchange(t: TestServer, subjectToken: string): Promise<string> {
  return codeOf(rawSession(t.rawConnect(), subjectToken));
}

describe('after a restart', () => {
  test('an agent goes on by its key, with a new token, and no token from before is good [I4] [I5]', async () => {
    const machine = startMachine();
    let agent: Awaited<ReturnType<typeof rawSession>>;
    {
      await using before = await start(machine);
      agent = await rawSession(before.rawConnect(), signIn(machine));
      expect(await agent.lane(agent.bound.token)).toMatchObject(PERMITTED);
    }
    await using after = await start(machine);
    expect(after.server.openSessions).toBe(1);

    const back = await comeBack(after, agent);

    expect(back.bound.generation).toBeGreaterThan(agent.bound.generation);
    expect(back.bound).toMatchObject({ scope: agent.bound.scope, expiresAtMs: agent.bound.expiresAtMs });
    expect(await back.lane(agent.bound.token)).toMatchObject({ effect: 'deny', cause: 'stale-token' });
    expect(await back.lane(back.bound.token)).toMatchObject(PERMITTED);
  });

  test('nobody uses a session that its agent has not bound again [I5]', async () => {
    const machine = startMachine();
    let agent: Awaited<ReturnType<typeof rawSession>>;
    {
      await using before = await start(machine);
      agent = await rawSession(before.rawConnect(), signIn(machine));
    }
    await using after = await start(machine);
    const stranger = await rawSession(after.rawConnect(), signIn(machine));

    expect(await stranger.lane(agent.bound.token)).toMatchObject({
      effect: 'deny',
      cause: 'not-bound',
      generation: 0,
    });
    expect(await codeOfReturn(after, { session: agent.session, key: stranger.key })).toBe(
      'RTA_AUTHORITY_PROOF',
    );
  });

  test('a tree is what it was: its order, its grants and who may end whom [I6]', async () => {
    const machine = startMachine();
    const saved: Awaited<ReturnType<typeof comeBack>>[] = [];
    {
      await using before = await start(machine);
      const parent = await rawSession(before.rawConnect(), signIn(machine));
      const child = await comeBack(before, await delegateTo(parent, 'child'));
      const grandchild = await comeBack(before, await delegateTo(child, 'grandchild'));
      await parent.ask(
        'narrow',
        { token: parent.bound.token, session: child.session, scope: ['files.read'] },
        'narrowed',
      );
      saved.push(parent, child, grandchild);
    }
    await using after = await start(machine);
    const [parent, child, grandchild] = await Promise.all(saved.map((one) => comeBack(after, one)));
    if (parent === undefined || child === undefined || grandchild === undefined) throw new Error('not saved');

    const { sessions } = await parent.ask('list', { token: parent.bound.token }, 'listed');
    expect(sessions.map(({ session, parent: above, scope }) => [session, above, scope])).toEqual([
      [child.session, parent.session, ['files.read']],
      [grandchild.session, child.session, ['files.read']],
    ]);
    expect(await grandchild.lane(grandchild.bound.token, 'files.write')).toMatchObject({
      cause: 'not-granted',
    });
    const widen = { token: parent.bound.token, session: child.session, scope: ['files.read', 'files.write'] };
    expect(await parent.refusal('narrow', widen)).toMatchObject({ code: 'RTA_AUTHORITY_WIDENING' });
    await parent.ask('end', { token: parent.bound.token, session: child.session }, 'ended');
    expect(await grandchild.lane(grandchild.bound.token)).toMatchObject({ cause: 'session-ended' });
  });

  test('what was delegated waits half a minute for the agent above, and no longer [P-10.6]', async () => {
    const machine = startMachine();
    const saved: Awaited<ReturnType<typeof comeBack>>[] = [];
    {
      await using before = await start(machine);
      const parent = await rawSession(before.rawConnect(), signIn(machine));
      saved.push(parent);
      saved.push(await comeBack(before, await delegateTo(parent, 'child')));
      saved.push(await comeBack(before, await delegateTo(parent, 'detached', { detached: true })));
    }
    await using after = await start(machine);
    const [child, detached] = await Promise.all(saved.slice(1).map((one) => comeBack(after, one)));
    expect(await child?.lane(child.bound.token)).toMatchObject(PERMITTED);

    after.clock.advance(31_000);
    const { frame } = (await child?.pushes.next()) ?? {};
    expect(frame).toBeDefined();
    expect(await child?.lane(child.bound.token)).toMatchObject({ effect: 'deny', cause: 'stale-token' });
    expect(await detached?.lane(detached.bound.token)).toMatchObject(PERMITTED);
  });

  test('what was spent is spent, by the whole tree', async () => {
    const machine = startMachine();
    const options = { sessionBudget: { totalCount: 3 } };
    const saved: Awaited<ReturnType<typeof comeBack>>[] = [];
    {
      await using before = await start(machine, options);
      const parent = await rawSession(before.rawConnect(), signIn(machine));
      const child = await comeBack(before, await delegateTo(parent, 'child'));
      await parent.lane(parent.bound.token);
      await child.lane(child.bound.token);
      saved.push(parent, child);
    }
    await using after = await start(machine, options);
    const [parent, child] = await Promise.all(saved.map((one) => comeBack(after, one)));

    expect(await child?.lane(child.bound.token)).toMatchObject(PERMITTED);
    expect(await child?.lane(child.bound.token)).toMatchObject({ cause: 'budget-exhausted' });
    expect(await parent?.lane(parent.bound.token)).toMatchObject({ cause: 'budget-exhausted' });
  });

  test('what was suspended is suspended, until the same source takes it back', async () => {
    const machine = startMachine();
    let agent: Awaited<ReturnType<typeof rawSession>>;
    {
      await using before = await start(machine);
      agent = await rawSession(before.rawConnect(), signIn(machine));
      await raise(before, 's1', { kind: 'suspension', current: true }, CAROL);
    }
    await using after = await start(machine);
    const back = await comeBack(after, agent);
    expect(back.bound.state).toBe('suspended');
    expect(await back.lane(back.bound.token)).toMatchObject({ cause: 'session-suspended' });
    const again = await rawSession(after.rawConnect(), signIn(machine));
    expect(again.bound.state).toBe('suspended');

    await raise(after, 's2', { kind: 'suspension', current: false }, CAROL);

    expect((await comeBack(after, agent)).bound.state).toBe('active');
  });

  test('who was revoked stays out, and comes in by a new sign-in only', async () => {
    const machine = startMachine();
    const subjectToken = signIn(machine);
    let agent: Awaited<ReturnType<typeof rawSession>>;
    {
      await using before = await start(machine);
      agent = await rawSession(before.rawConnect(), subjectToken);
      await raise(before, 'r1', { kind: 'session-revoked' }, CAROL);
    }
    await using after = await start(machine);

    expect(after.server.openSessions).toBe(0);
    expect(await codeOfReturn(after, agent)).toBe('RTA_AUTHORITY_SESSION_UNKNOWN');
    expect(await codeOfExchange(after, subjectToken)).toBe('RTA_AUTHORITY_SUBJECT_CUT_OFF');
    after.clock.advance(2_000);
    expect(await codeOfExchange(after, signIn(machine))).toBe('none');
  });

  test('what is known of users without sessions holds for those who come', async () => {
    const machine = startMachine();
    {
      await using before = await start(machine);
      await raise(before, 'c1', { kind: 'ceiling', grant: { scope: ['files.read'] } }, CAROL);
      await raise(before, 'r1', { kind: 'session-revoked' }, { ...CAROL, sub: 'dave' });
    }
    await using after = await start(machine);

    const agent = await rawSession(after.rawConnect(), signIn(machine));
    expect(agent.bound.scope).toEqual(['files.read']);
    const daves = carols.sign(machine.clock.now(), { sub: 'dave' });
    expect(await codeOfExchange(after, daves)).toBe('RTA_AUTHORITY_SUBJECT_CUT_OFF');
  });

  test('who was revoked by another instance meanwhile stays out, with all that was delegated', async () => {
    const machine = startMachine();
    const saved: Awaited<ReturnType<typeof comeBack>>[] = [];
    let signal: ReturnType<typeof signalAbout>;
    {
      await using before = await start(machine);
      const parent = await rawSession(before.rawConnect(), signIn(machine));
      saved.push(parent, await comeBack(before, await delegateTo(parent, 'child')));
      machine.clock.advance(1);
      signal = signalAbout(before, 'r1', { kind: 'session-revoked' }, CAROL);
    }
    await createSubjectKeeper(machine.store).keep(signal);

    await using after = await start(machine);

    expect(await Promise.all(saved.map((one) => codeOfReturn(after, one)))).toEqual([
      'RTA_AUTHORITY_SESSION_UNKNOWN',
      'RTA_AUTHORITY_SESSION_UNKNOWN',
    ]);
    const kept: string[] = [];
    for await (const [id] of machine.store.sessions.entries()) kept.push(id);
    expect(kept).toEqual([]);
  });

  test('what is over by its time does not come back', async () => {
    const machine = startMachine();
    let agent: Awaited<ReturnType<typeof rawSession>>;
    {
      await using before = await start(machine);
      agent = await rawSession(before.rawConnect(), signIn(machine));
    }
    machine.clock.advance(3_600_000);
    await using after = await start(machine);
    expect(await codeOfReturn(after, agent)).toBe('RTA_AUTHORITY_SESSION_UNKNOWN');
  });

  test('a proof of an exchange is good for no second one [I9]', async () => {
    const machine = startMachine();
    const nonceSecret = new Uint8Array(32).fill(9);
    let exchange: Parameters<Awaited<ReturnType<typeof rawHello>>['refusal']>;
    {
      await using before = await start(machine, { nonceSecret });
      const agent = await rawSession(before.rawConnect(), signIn(machine));
      const proof = await proofOf(agent.key, agent.welcome.tokenEndpoint, agent.nextNonce, {
        now: machine.clock.now(),
      });
      exchange = ['exchange', { parameters: exchangeParameters(signIn(machine)), proof }];
      await agent.ask(...exchange, 'exchanged');
    }
    await using after = await start(machine, { nonceSecret });
    const { code } = await (await rawHello(after.rawConnect())).refusal(...exchange);
    expect(code).toMatch(/^RTA_IDP_DPOP/);
    expect(after.server.openSessions).toBe(2);
  });

  test('a server that cannot read all that is known of subjects does not start [I1]', async () => {
    const machine = startMachine();
    await machine.store.subjects.put('x', { kind: 'quarantine', sub: 'carol' });
    expect(await codeOf(start(machine))).toBe('RTA_SERVER_STATE_UNREADABLE');
  });
});

describe('a server that is killed', () => {
  test('has kept what was spent a second before', async () => {
    const machine = startMachine();
    const options = { sessionBudget: { totalCount: 1 } };
    const mortal = mortalStore(machine.store);
    const before = await start({ ...machine, store: mortal.store }, options);
    const agent = await rawSession(before.rawConnect(), signIn(machine));
    expect(await agent.lane(agent.bound.token)).toMatchObject(PERMITTED);
    machine.clock.advance(1_000);
    await expect
      .poll(() => machine.store.sessions.get(agent.session))
      .toMatchObject({ spending: { count: 1 } });
    mortal.kill();

    await using after = await start(machine, options);
    const back = await comeBack(after, agent);
    expect(await back.lane(back.bound.token)).toMatchObject({ cause: 'budget-exhausted' });
    mortal.bury();
    await before[Symbol.asyncDispose]();
  });
});
