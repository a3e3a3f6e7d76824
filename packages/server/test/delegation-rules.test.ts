import { createStaticPdp, type StaticPolicy } from '@rta/pdp';
import { generateAgentKey } from '@rta/sdk';
import { describe, expect, test } from 'vitest';
import { type RawSession, rawHello, rawSession } from './raw-agent.ts';
import { comeBack, delegateTo, raise } from './restart-fixture.ts';
import { startTestIdp, startTestServer, type TestServer } from './test-server.ts';

const idp = await startTestIdp();
const ALICE = { issuer: idp.issuer, sub: 'alice' };
const ALL: StaticPolicy = [{ id: 'all', effect: 'permit' }];

async function startAgent(t: TestServer): Promise<RawSession> {
  return rawSession(t.rawConnect(), (await t.signIn()).accessToken);
}

/** Permits everything, with obligations where an action begins like this. */
const obliging = (prefix: string, ...types: string[]): StaticPolicy => [
  ...ALL,
  {
    id: 'obliging',
    effect: 'permit',
    when: ({ action }) => action.name.startsWith(prefix),
    obligations: types.map((type) => ({ type })),
  },
];

const DELEGATES: StaticPolicy = [
  {
    id: 'delegate',
    effect: 'permit',
    when: ({ action, resource, context }) =>
      action.name === 'rta:delegate' &&
      resource.type === 'Agent' &&
      resource.id === 'trusted' &&
      JSON.stringify(context?.['request']) ===
        '{"agent":{"id":"trusted"},"scope":["files.read"],"detached":false}',
  },
];
const trusted = (token: Uint8Array) => ({
  token,
  agent: { id: 'trusted' },
  scope: ['files.read'],
  key: generateAgentKey().publicKey,
});

describe('a delegation', () => {
  test('is asked of the policies where they are to say, with all that is handed on', async () => {
    await using t = await startTestServer({ idp, policy: DELEGATES, delegation: 'policy' });
    const agent = await startAgent(t);
    const good = trusted(agent.bound.token);

    expect((await agent.answerTo('delegate', good)).name).toBe('delegated');
    for (const changes of [
      { agent: { id: 'stranger' } },
      { agent: { id: 'trusted', owner: 'me' } },
      { scope: ['files.read', 'files.write'] },
      { detached: true },
    ]) {
      const key = generateAgentKey().publicKey;
      expect(await agent.refusal('delegate', { ...good, key, ...changes })).toMatchObject({
        code: 'RTA_SERVER_DELEGATION_DENIED',
      });
    }
    expect(t.server.openSessions).toBe(2);
    const refused = (await t.audit()).filter(
      ({ kind, cause }) => kind === 'delegation' && cause === 'RTA_SERVER_DELEGATION_DENIED',
    );
    expect(refused.map(({ resource }) => resource)).toEqual([
      { type: 'Agent', id: 'stranger' },
      { type: 'Agent', id: 'trusted' },
      { type: 'Agent', id: 'trusted' },
      { type: 'Agent', id: 'trusted' },
    ]);
  });

  test('is permitted under no condition: nobody fulfils one here', async () => {
    await using t = await startTestServer({
      idp,
      policy: obliging('rta:delegate', 'notify'),
      delegation: 'policy',
    });
    const agent = await startAgent(t);
    expect(await agent.refusal('delegate', trusted(agent.bound.token))).toMatchObject({
      code: 'RTA_SERVER_DELEGATION_DENIED',
    });
  });

  test('is not for an agent to ask as an action, nor permitted by its own rights', async () => {
    await using t = await startTestServer({ idp, policy: ALL, delegation: 'policy' });
    const agent = await startAgent(t);
    expect(await agent.lane(agent.bound.token, 'rta:delegate')).toMatchObject({ cause: 'not-granted' });
  });

  test.each<[string, (t: TestServer, agent: RawSession) => Promise<unknown>]>([
    ['its parent has changed', (t) => t.changeRisk('alice', 'MEDIUM')],
    ['its parent was revoked', (t) => t.revoke('alice')],
    ['its parent is suspended', (t) => raise(t, 's', { kind: 'suspension', current: true }, ALICE)],
    ['its parent is bound elsewhere', (t, agent) => comeBack(t, agent)],
    ['other policies are in force', async (t) => t.pdp.replace(ALL)],
  ])('is refused where the policies answer after %s [I3] [I5]', async (_, happen) => {
    const gate = Promise.withResolvers<void>();
    await using rules = createStaticPdp({ rules: ALL });
    const pdp = {
      ...rules,
      get revision() {
        return rules.revision;
      },
      evaluate: async (request: Parameters<typeof rules.evaluate>[0]) => {
        const decision = await rules.evaluate(request);
        await gate.promise;
        return decision;
      },
    };
    await using t = await startTestServer({ idp, pdp, delegation: 'policy' });
    const agent = await startAgent(t);
    const refusal = agent.refusal('delegate', trusted(agent.bound.token));
    // Behind the request on its connection.
    await agent.ask('ping', {}, 'pong');
    await happen({ ...t, pdp: rules }, agent);

    gate.resolve();

    expect(await refusal).toMatchObject({ code: 'RTA_SERVER_TOKEN_REFUSED' });
    expect(t.server.openSessions).toBeLessThan(2);
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'delegation', outcome: 'refused', cause: 'RTA_SERVER_TOKEN_REFUSED' }),
    );
  });

  test.each<
    [string, (agent: RawSession, child: RawSession) => { id: string; instance?: string; key: Uint8Array }]
  >([
    ['itself, by its key', (_, child) => ({ id: 'other', key: child.key.publicKey })],
    ['the agent above, by its key', (agent) => ({ id: 'other', key: agent.key.publicKey })],
    [
      'itself, as the same instance with another key',
      () => ({ id: 'child', instance: 'i-1', key: generateAgentKey().publicKey }),
    ],
  ])('goes to no agent that it would act on behalf of: %s [P-10.1]', async (_, to) => {
    await using t = await startTestServer({ idp });
    const agent = await startAgent(t);
    const saved = await delegateTo(agent, 'child', { agent: { id: 'child', instance: 'i-1' } });
    const child = { ...(await comeBack(t, saved)), nextNonce: '' };
    const { key, ...other } = to(agent, child);

    const message = { token: child.bound.token, agent: other, key };
    expect(await child.refusal('delegate', message)).toMatchObject({ code: 'RTA_AUTHORITY_CYCLE' });
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'delegation', outcome: 'refused', cause: 'RTA_AUTHORITY_CYCLE' }),
    );
    expect(t.server.openSessions).toBe(2);
  });
});

/** Delegates to three agents that do not delegate any more. */
const leavesOf = async (at: Pick<RawSession, 'ask' | 'bound'>, name: string): Promise<string[]> => {
  const leaves: string[] = [];
  for (let leaf = 0; leaf < 3; leaf++) leaves.push((await delegateTo(at, `${name}-${leaf}`)).session);
  return leaves;
};

describe('a list', () => {
  test('fits into its frames, whatever agents are called, and misses none', async () => {
    await using t = await startTestServer({ idp });
    const agent = await startAgent(t);
    const long = '\u{1f600}'.repeat(64);
    const made: string[] = [];
    for (let number = 0; number < 90; number++) {
      const description = { id: `agent-${number}`, name: long, purpose: long, owner: long, model: long };
      made.push((await delegateTo(agent, `agent-${number}`, { agent: description })).session);
    }

    const found: string[] = [];
    const pages: number[] = [];
    for (let more = true; more; ) {
      const after = found.at(-1);
      const message = { token: agent.bound.token, ...(after === undefined ? {} : { after }) };
      const listed = await agent.ask('list', message, 'listed');
      found.push(...listed.sessions.map(({ session }) => session));
      pages.push(listed.sessions.length);
      ({ more } = listed);
    }

    expect(found).toEqual(made);
    expect(pages.every((count) => count > 0)).toBe(true);
  });

  test('goes on wherever a page has ended, at every depth', async () => {
    await using t = await startTestServer({ idp });
    const agent = await startAgent(t);
    let above: Pick<RawSession, 'ask' | 'bound'> = agent;
    // Three levels, and some leaves on each of them.
    const wanted: string[] = [];
    const later: string[][] = [];
    for (let level = 0; level < 3; level++) {
      wanted.push(...(await leavesOf(above, `before-${level}`)));
      const next = await comeBack(t, await delegateTo(above, `level-${level}`));
      wanted.push(next.session);
      later.unshift(await leavesOf(above, `after-${level}`));
      above = next;
    }
    wanted.push(...later.flat());

    const { token } = agent.bound;
    const idsAfter = async (after?: string): Promise<string[]> => {
      const listed = await agent.ask('list', { token, ...(after === undefined ? {} : { after }) }, 'listed');
      return listed.sessions.map(({ session }) => session);
    };
    expect(await idsAfter()).toEqual(wanted);
    for (const [place, id] of wanted.entries()) expect(await idsAfter(id)).toEqual(wanted.slice(place + 1));
  });

  test('goes on after a session that has ended since, also where it took along what stood above it [P-10.5]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await startAgent(t);
    const { token } = agent.bound;
    const delegateLater = async (parent: Pick<RawSession, 'ask' | 'bound'>, id: string) => {
      t.clock.advance(1);
      return delegateTo(parent, id);
    };
    const first = await delegateLater(agent, 'first');
    const second = await comeBack(t, await delegateLater(agent, 'second'));
    const below = await delegateLater(second, 'below');
    const third = await delegateLater(agent, 'third');
    const fourth = await delegateLater(agent, 'fourth');
    const idsAfter = async (after: string): Promise<string[]> =>
      (await agent.ask('list', { token, after }, 'listed')).sessions.map(({ session }) => session);

    await agent.ask('end', { token, session: first.session }, 'ended');
    expect(await idsAfter(first.session)).toEqual([
      second.session,
      below.session,
      third.session,
      fourth.session,
    ]);
    await agent.ask('end', { token, session: second.session }, 'ended');
    expect(await idsAfter(second.session)).toEqual([third.session, fourth.session]);
    expect(await idsAfter(below.session)).toEqual([third.session, fourth.session]);
    await agent.ask('end', { token, session: fourth.session }, 'ended');
    expect(await idsAfter(fourth.session)).toEqual([]);
  });

  test('is empty after a session that nobody knows, or that is not below', async () => {
    await using t = await startTestServer({ idp });
    const [agent, stranger] = [await startAgent(t), await startAgent(t)];
    const child = await delegateTo(agent, 'child');
    const { token } = agent.bound;
    const unknown = 'AAAAAAAAAAAAAAAAAAAAAA';
    for (const after of [stranger.session, agent.session, unknown]) {
      expect(await agent.ask('list', { token, after }, 'listed')).toEqual({ sessions: [], more: false });
    }
    expect(await agent.ask('list', { token, after: child.session }, 'listed')).toEqual({
      sessions: [],
      more: false,
    });
  });

  test('is refused to who holds a token, but not the connection of its session [I5]', async () => {
    await using t = await startTestServer({ idp });
    const agent = await startAgent(t);
    const thief = await rawHello(t.rawConnect());
    for (const refusal of [
      await thief.refusal('list', { token: agent.bound.token }),
      await thief.refusal('end', { token: agent.bound.token }),
      await thief.refusal('narrow', { token: agent.bound.token, session: agent.session, scope: ['a'] }),
    ]) {
      expect(refusal).toMatchObject({ code: 'RTA_SERVER_TOKEN_REFUSED' });
    }
    expect(t.server.openSessions).toBe(1);
  });
});
