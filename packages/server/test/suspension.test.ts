import { decodeMessage } from '@rta/protocol';
import { generateAgentKey } from '@rta/sdk';
import { describe, expect, test } from 'vitest';
import { codeOf, delegateTo, next, startFamily } from './agent-family.ts';
import { rawSession } from './raw-agent.ts';
import { startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();
const READ = { action: 'files.read', resource: { type: 'File', id: 'a.txt' } };

describe('while the agent of a parent is away', () => {
  test('what may not go on alone is suspended after half a minute, with all below it [P-10.6]', async () => {
    await using t = await startTestServer({ idp });
    const key = generateAgentKey();
    const copilot = await t.openSession({ key });
    const child = await delegateTo(t, copilot.session, 'child');
    const grandchild = await delegateTo(t, child.session, 'grandchild');
    const detached = await delegateTo(t, copilot.session, 'detached', { detached: true });
    const suspended = [next(child.session, 'suspended'), next(grandchild.session, 'suspended')];

    await copilot.client.close();
    await expect.poll(() => t.server.openConnections).toBe(3);
    t.clock.advance(29_000);
    expect(await child.session.authorize(READ)).toMatchObject({ permitted: true });
    t.clock.advance(2_000);

    expect(await Promise.all(suspended)).toMatchObject([
      { state: 'suspended', cause: { kind: 'parent-absent' } },
      { state: 'suspended', cause: { kind: 'parent-absent' } },
    ]);
    expect(await grandchild.session.authorize(READ)).toMatchObject({ cause: 'session-suspended' });
    expect(await detached.session.authorize(READ)).toMatchObject({ permitted: true });

    const resumed = [next(child.session, 'resumed'), next(grandchild.session, 'resumed')];
    const back = await t.connect();
    await back.bind({ session: copilot.session.id, key });

    expect(await Promise.all(resumed)).toMatchObject([{ state: 'active' }, { state: 'active' }]);
    expect(await grandchild.session.authorize(READ)).toMatchObject({ permitted: true });
  });
});

describe('a suspended session', () => {
  test('is permitted nothing, has new tokens all the same, and goes on by itself [P-7.9]', async () => {
    await using t = await startTestServer({ idp, suspendAtRisk: 'HIGH' });
    const { copilot, child } = await startFamily(t);
    const suspended = next(child.session, 'suspended');
    await t.changeRisk('alice', 'HIGH');
    await suspended;

    const { session } = child;
    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'session-suspended' });
    expect(await codeOf(session.descendants())).toBe('RTA_AUTHORITY_SESSION_SUSPENDED');
    expect(await codeOf(delegateTo(t, session, 'other'))).toBe('RTA_AUTHORITY_SESSION_SUSPENDED');
    expect(await codeOf(copilot.session.narrow(session.id, { scope: [] }))).toBe(
      'RTA_AUTHORITY_SESSION_SUSPENDED',
    );

    const generations = [session.generation];
    const changed = next(session, 'context');
    t.pdp.replace([{ id: 'all', effect: 'permit' }]);
    await changed;
    generations.push(session.generation);
    const resumed = next(session, 'resumed');
    await t.changeRisk('alice', 'LOW');
    await resumed;
    generations.push(session.generation);

    expect(generations).toEqual([2, 3, 4]);
    expect(session.signal.aborted).toBe(false);
    expect(await session.authorize(READ)).toMatchObject({ permitted: true, generation: 4 });
  });

  test('can be ended by its agent, and so can those below it: that only gives rights up [P-7.9]', async () => {
    await using t = await startTestServer({ idp, suspendAtRisk: 'HIGH' });
    const { copilot, child, grandchild } = await startFamily(t);
    const suspended = next(child.session, 'suspended');
    await t.changeRisk('alice', 'HIGH');
    await suspended;

    await copilot.session.endDescendant(grandchild.session.id);
    expect(t.server.openSessions).toBe(2);
    await child.session.end();
    expect(t.server.openSessions).toBe(1);
  });

  test('is bound as what it is', async () => {
    await using t = await startTestServer({ idp, suspendAtRisk: 'HIGH' });
    const key = generateAgentKey();
    const { client, session } = await t.openSession({ key });
    await client.close();
    await t.changeRisk('alice', 'HIGH');

    const again = await (await t.connect()).bind({ session: session.id, key });

    expect(again.state).toBe('suspended');
    expect(await again.authorize(READ)).toMatchObject({ cause: 'session-suspended' });
  });

  test('that does not acknowledge loses its connection after five seconds [P-7.7]', async () => {
    await using t = await startTestServer({ idp, suspendAtRisk: 'HIGH' });
    const agent = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
    const other = await t.openSession({ agent: { id: 'agent-2' } });
    await t.changeRisk('alice', 'HIGH');
    const { frame } = await agent.pushes.next();
    expect(decodeMessage('context', frame)).toMatchObject({ state: 'suspended', generation: 2 });
    await expect.poll(() => other.session.state).toBe('suspended');
    // The acknowledgement of the other one has arrived by then.
    await agent.ask('ping', {}, 'pong');

    t.clock.advance(6_000);

    expect(await agent.connection.closed).toMatchObject({ by: 'peer', code: 0x20 });
    expect(other.session.signal.aborted).toBe(false);
  });
});
