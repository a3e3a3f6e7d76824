import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createStaticPdp, type StaticPolicy } from '@rta/pdp';
import { decodeMessage } from '@rta/protocol';
import { createMemoryStore, type Store, storeError } from '@rta/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { approvalChannel, noticeChannel } from '../src/diagnostics.ts';
import { openLane, type RawSession, rawSession } from './raw-agent.ts';
import { codeOfReturn, comeBack, delegateTo } from './restart-fixture.ts';
import { startTestIdp, startTestServer, type TestServer } from './test-server.ts';

const idp = await startTestIdp();
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

/** What is published on a channel while the test runs. */
function heardOn(channel: { readonly name: string }): unknown[] {
  const heard: unknown[] = [];
  const onMessage = (message: unknown): void => void heard.push(message);
  subscribe(channel.name, onMessage);
  onTestFinished(() => void unsubscribe(channel.name, onMessage));
  return heard;
}

describe('a policy that ends sessions', () => {
  test('denies, ends the tree below, and leaves the rest of it', async () => {
    await using t = await startTestServer({ idp, policy: obliging('files.write', 'end-session') });
    const top = await startAgent(t);
    const agent = await comeBack(t, await delegateTo(top, 'agent'));
    const child = await comeBack(t, await delegateTo(agent, 'child'));

    expect(await agent.lane(agent.bound.token, 'files.write')).toMatchObject({ effect: 'deny' });

    const ended = [await agent.pushes.next(), await child.pushes.next()].map(
      ({ frame }) => decodeMessage('revoked', frame).cause,
    );
    expect(ended).toMatchObject([
      { kind: 'ended', reason: 'ended by policy all, obliging' },
      { kind: 'ended', reason: 'ended by policy all, obliging' },
    ]);
    expect(await agent.lane(agent.bound.token)).toMatchObject({ cause: 'session-ended' });
    expect(await codeOfReturn(t, agent)).toBe('RTA_AUTHORITY_SESSION_ENDED');
    expect(await top.lane(top.bound.token)).toMatchObject({ effect: 'permit' });
    await expect.poll(() => t.store.sessions.get(agent.session)).toBeUndefined();
  });

  test('ends them once, however many questions were on their way', async () => {
    await using t = await startTestServer({ idp, policy: obliging('files.write', 'end-session') });
    const agent = await startAgent(t);
    const [one, other] = [agent.lane, openLane(agent.connection)];
    const answers = await Promise.all(
      [one, other, one, other].map((lane) => lane(agent.bound.token, 'files.write')),
    );

    expect(new Set(answers.map(({ effect }) => effect))).toEqual(new Set(['deny']));
    const { ended } = await agent.pushes.next();
    await ended;
    expect(agent.pushes.waiting).toBe(0);
    const ends = (await t.audit()).filter(({ kind }) => kind === 'end');
    expect(ends).toHaveLength(1);
  });
});

describe('a policy that ends sessions, where the process is killed at once', () => {
  test('has answered nobody before the store knew of the end', async () => {
    const writes: string[] = [];
    const real = createMemoryStore({ clock: { now: Date.now } });
    const kept = Promise.withResolvers<void>();
    const store: Store = {
      ...real,
      sessions: {
        ...real.sessions,
        async delete(key) {
          await kept.promise;
          writes.push('kept');
          await real.sessions.delete(key);
        },
      },
    };
    await using t = await startTestServer({ idp, store, policy: obliging('files.write', 'end-session') });
    const agent = await startAgent(t);
    const answered = agent.lane(agent.bound.token, 'files.write').then((answer) => {
      writes.push('answered');
      return answer;
    });
    const { frame } = await agent.pushes.next();
    expect(decodeMessage('revoked', frame).cause).toMatchObject({ kind: 'ended' });
    kept.resolve();

    expect(await answered).toMatchObject({ effect: 'deny', cause: 'obligation-unknown' });
    expect(writes).toEqual(['kept', 'answered']);
  });

  test('answers overload where the store does not take the end', async () => {
    const real = createMemoryStore({ clock: { now: Date.now } });
    const store: Store = {
      ...real,
      sessions: { ...real.sessions, delete: () => Promise.reject(storeError('RTA_STORE_UNAVAILABLE')) },
    };
    await using t = await startTestServer({ idp, store, policy: obliging('files.write', 'end-session') });
    const agent = await startAgent(t);

    expect(await agent.lane(agent.bound.token, 'files.write')).toMatchObject({
      effect: 'deny',
      cause: 'overload',
    });
    expect(await agent.lane(agent.bound.token)).toMatchObject({ cause: 'session-ended' });
  });
});

describe('an approval', () => {
  test('permits once, also where the same question is asked many times at once', async () => {
    await using pdp = createStaticPdp({
      rules: obliging('files.write', 'approval'),
      features: { synchronous: false, deterministic: false },
    });
    await using t = await startTestServer({ idp, pdp });
    const agent = await startAgent(t);
    const asked = await agent.lane(agent.bound.token, 'files.write');
    expect(asked).toMatchObject({ effect: 'deny', cause: 'approval-required' });
    const { id } = asked.detail?.approval ?? {};
    t.server.approvals.decide(id ?? '', { approve: true, by: 'bob' });
    const { frame } = await agent.pushes.next();
    expect(decodeMessage('approval', frame)).toEqual({ session: agent.session, id, state: 'approved' });

    const lanes = [agent.lane, openLane(agent.connection), openLane(agent.connection)];
    const answers = await Promise.all(lanes.map((lane) => lane(agent.bound.token, 'files.write')));

    expect(answers.map(({ cause }) => cause).sort()).toEqual([
      'approval-required',
      'approval-required',
      'policy',
    ]);
  });

  test('is in the audit log, with who asked, who decided, and that it was used [I7]', async () => {
    await using t = await startTestServer({ idp, policy: obliging('files.write', 'approval') });
    const agent = await startAgent(t);
    const write = () => agent.lane(agent.bound.token, 'files.write');
    const id = (await write()).detail?.approval?.id ?? '';
    t.server.approvals.decide(id, { approve: true, by: 'bob', reason: 'once' });
    await write();

    const about = {
      kind: 'approval',
      outcome: 'ok',
      session: agent.session,
      subject: { issuer: idp.issuer, sub: 'alice' },
      actors: ['agent-1'],
      action: 'files.write',
      resource: { type: 'File', id: 'reports/q3.txt' },
    };
    const questionHash = expect.stringMatching(/^[\w-]{43}$/);
    const decided = { approval: id, questionHash, decidedBy: 'bob', reason: 'once' };
    expect((await t.audit()).filter(({ kind }) => kind === 'approval')).toEqual([
      expect.objectContaining({ ...about, cause: 'open', detail: { approval: id, questionHash } }),
      expect.objectContaining({ ...about, cause: 'approved', detail: decided }),
      expect.objectContaining({ ...about, cause: 'used', detail: decided }),
    ]);
  });

  test('is not used up by what is denied for its budget', async () => {
    const policy = obliging('files.write', 'approval');
    await using t = await startTestServer({ idp, policy, sessionBudget: { totalCount: 0 } });
    const agent = await startAgent(t);
    const write = () => agent.lane(agent.bound.token, 'files.write');
    const { detail } = await write();
    t.server.approvals.decide(detail?.approval?.id ?? '', { approve: true, by: 'bob' });

    expect([(await write()).cause, (await write()).cause]).toEqual(['budget-exhausted', 'budget-exhausted']);
  });

  test('is published when it is asked for, given, and void', async () => {
    const heard = heardOn(approvalChannel);
    await using t = await startTestServer({ idp, policy: obliging('files.write', 'approval') });
    const agent = await startAgent(t);
    const { detail } = await agent.lane(agent.bound.token, 'files.write');
    const id = detail?.approval?.id ?? '';
    t.server.approvals.decide(id, { approve: true, by: 'bob' });
    const pushed = [agent.pushes.next(), agent.pushes.next(), agent.pushes.next()];
    await t.changeRisk('alice', 'MEDIUM');

    await Promise.all(pushed);
    const about = { id, session: agent.session, action: 'files.write' };
    expect(heard).toEqual([
      { ...about, state: 'open' },
      { ...about, state: 'approved' },
      { ...about, state: 'void' },
    ]);
    expect([...t.server.approvals.list()]).toEqual([]);
  });
});

describe('a policy that notifies', () => {
  test('tells of permits and denials alike, and they stand', async () => {
    const heard = heardOn(noticeChannel);
    const forbid = { id: 'no', effect: 'forbid', obligations: [{ type: 'notify' }] } as const;
    await using t = await startTestServer({ idp, policy: obliging('files.write', 'notify') });
    const agent = await startAgent(t);
    expect(await agent.lane(agent.bound.token, 'files.write')).toMatchObject({ effect: 'permit' });
    t.pdp.replace([...ALL, forbid]);
    const { token } = decodeMessage('context', (await agent.pushes.next()).frame);
    expect(await agent.lane(token, 'files.write')).toMatchObject({ effect: 'deny', cause: 'policy' });

    const about = { session: agent.session, action: 'files.write', cause: 'policy' };
    expect(heard).toEqual([
      { ...about, effect: 'permit', ids: ['obliging'] },
      { ...about, effect: 'deny', ids: ['no'] },
    ]);
  });
});

describe('an agent with a rate', () => {
  test('is limited over all its sessions, and others are not', async () => {
    await using t = await startTestServer({ idp, agentRequestsPerSecond: 3 });
    const [one, two] = [await startAgent(t), await startAgent(t)];
    const other = await comeBack(t, await delegateTo(one, 'other'));
    // What was delegated counts as well.
    t.clock.advance(1_000);
    const causes: string[] = [];
    for (const { lane, bound } of [one, two, one, two]) causes.push((await lane(bound.token)).cause);

    expect(causes).toEqual(['policy', 'policy', 'policy', 'budget-exhausted']);
    expect((await other.lane(other.bound.token)).cause).toBe('policy');
    t.clock.advance(1_000);
    expect((await two.lane(two.bound.token)).cause).toBe('policy');
  });
});
