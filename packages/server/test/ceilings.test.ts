import { type StaticPolicy } from '@rta/pdp';
import { decodeMessage } from '@rta/protocol';
import { generateAgentKey } from '@rta/sdk';
import { describe, expect, test } from 'vitest';
import { bindMessage, type RawSession, rawSession } from './raw-agent.ts';
import { comeBack, delegateTo, raise } from './restart-fixture.ts';
import { startTestIdp, startTestServer, type TestServer } from './test-server.ts';

const idp = await startTestIdp();
const ALICE = { issuer: idp.issuer, sub: 'alice' };
const ALL: StaticPolicy = [{ id: 'all', effect: 'permit' }];

async function startAgent(t: TestServer): Promise<RawSession> {
  return rawSession(t.rawConnect(), (await t.signIn()).accessToken);
}

describe('a ceiling', () => {
  test('takes rights from sessions that there are, and gives them back when it is lifted', async () => {
    await using t = await startTestServer({ idp, policy: ALL });
    const agent = await startAgent(t);

    await raise(t, 'c1', { kind: 'ceiling', grant: { scope: ['files.read'] } }, ALICE);
    const lowered = decodeMessage('context', (await agent.pushes.next()).frame);
    expect(lowered).toMatchObject({
      scope: ['files.read'],
      lost: ['files.write'],
      gained: [],
      cause: { kind: 'ceiling', change: 'c1' },
    });
    expect(await agent.lane(lowered.token, 'files.write')).toMatchObject({ cause: 'not-granted' });
    expect(await agent.lane(agent.bound.token, 'files.write')).toMatchObject({ cause: 'stale-token' });

    await raise(t, 'c2', { kind: 'ceiling' }, ALICE);
    const lifted = decodeMessage('context', (await agent.pushes.next()).frame);
    expect(lifted).toMatchObject({
      gained: ['files.write'],
      lost: [],
      cause: { kind: 'ceiling', change: 'c2' },
    });
    expect(await agent.lane(lifted.token, 'files.write')).toMatchObject({ effect: 'permit' });
  });

  test('of nothing opens no session, and leaves those that there are without rights', async () => {
    await using t = await startTestServer({ idp, policy: ALL });
    const agent = await startAgent(t);
    await raise(t, 'c1', { kind: 'ceiling', grant: { scope: ['mail.*'] } }, ALICE);

    const { token } = decodeMessage('context', (await agent.pushes.next()).frame);
    expect(await agent.lane(token)).toMatchObject({ cause: 'not-granted' });
    await expect(startAgent(t)).rejects.toThrow('RTA_AUTHORITY_CEILING');
    const delegate = { token, agent: { id: 'child' }, key: generateAgentKey().publicKey };
    expect(await agent.refusal('delegate', delegate)).toMatchObject({ code: 'RTA_AUTHORITY_GRANT_EMPTY' });
  });

  test('is above what a session is narrowed to: that is nothing, until it is lifted', async () => {
    await using t = await startTestServer({ idp, policy: ALL });
    const agent = await startAgent(t);
    const child = await comeBack(t, await delegateTo(agent, 'child'));
    await raise(t, 'c1', { kind: 'ceiling', grant: { scope: ['files.read'] } }, ALICE);
    const { token } = decodeMessage('context', (await agent.pushes.next()).frame);

    const message = { token, session: child.session, scope: ['files.write'] };
    expect(await agent.ask('narrow', message, 'narrowed')).toMatchObject({ scope: [] });
    expect((await comeBack(t, child)).bound.scope).toEqual([]);
    await raise(t, 'c2', { kind: 'ceiling' }, ALICE);
    expect((await comeBack(t, child)).bound.scope).toEqual(['files.write']);
  });
});

describe('a suspended agent', () => {
  test('is bound and told, and can do nothing else with its token [P-7.9]', async () => {
    await using t = await startTestServer({ idp, policy: ALL });
    const agent = await startAgent(t);
    const child = await delegateTo(agent, 'child');
    await raise(t, 's1', { kind: 'suspension', current: true }, ALICE);
    const { token, state } = decodeMessage('context', (await agent.pushes.next()).frame);
    expect(state).toBe('suspended');

    const { session } = child;
    const key = generateAgentKey().publicKey;
    const codes = [
      await agent.refusal('delegate', { token, agent: { id: 'x' }, key }),
      await agent.refusal('list', { token }),
      await agent.refusal('narrow', { token, session, scope: ['files.read'] }),
    ].map(({ code }) => code);

    expect(new Set(codes)).toEqual(new Set(['RTA_AUTHORITY_SESSION_SUSPENDED']));
    expect(await agent.lane(token)).toMatchObject({ cause: 'session-suspended' });
    const rebind = bindMessage(agent.connection, agent.welcome.challenge, agent.session, agent.key);
    expect(await agent.ask('bind', rebind, 'bound')).toMatchObject({ state: 'suspended', token });
    expect(t.server.openSessions).toBe(2);
  });
});
