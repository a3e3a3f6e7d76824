import type { StaticPolicy } from '@rta/pdp';
import { expect, test } from 'vitest';
import { type AdminServer, startAdminServer, startUsersIdp } from './admin-fixture.ts';

const idp = await startUsersIdp();
const WRITE = 'files.write';
/** Whoever writes needs somebody's approval. */
const POLICY: StaticPolicy = [{ id: 'ask', effect: 'permit', obligations: [{ type: 'approval' }] }];

/** The one task that waits. */
async function openTask(t: AdminServer) {
  const [task] = (await t.ask('/admin/v1/approvals')).body.approvals;
  if (task === undefined) throw new Error('nothing waits');
  return task;
}

test('a person approves what an agent asks, once, and it is written down with who it was', async () => {
  await using t = await startAdminServer({ idp, policy: POLICY });
  const agent = await t.agent();
  const before = await agent.lane(agent.bound.token, WRITE);
  const task = await openTask(t);
  const decided = await t.ask(`/admin/v1/approvals/${task.id}`, {
    body: { approve: true, reason: 'looks fine' },
  });
  const after = await agent.lane(agent.bound.token, WRITE);
  const again = await t.ask(`/admin/v1/approvals/${task.id}`, { body: { approve: true } });

  expect([before.cause, after.effect]).toEqual(['approval-required', 'permit']);
  expect(task).toMatchObject({ session: agent.session, action: WRITE, state: 'open', actors: ['agent-1'] });
  expect(decided.body).toMatchObject({
    state: 'approved',
    decidedBy: `${t.signing.trusted.issuer} sam`,
    reason: 'looks fine',
  });
  expect([again.status, again.body.code]).toEqual([404, 'RTA_SERVER_APPROVAL_UNKNOWN']);
  expect(await t.audit()).toContainEqual(
    expect.objectContaining({
      kind: 'admin',
      action: 'admin:approve',
      outcome: 'ok',
      detail: expect.objectContaining({ approval: task.id, approve: true, questionHash: task.questionHash }),
    }),
  );
});

test('a refusal is final for this question', async () => {
  await using t = await startAdminServer({ idp, policy: POLICY });
  const agent = await t.agent();
  await agent.lane(agent.bound.token, WRITE);
  const task = await openTask(t);
  await t.ask(`/admin/v1/approvals/${task.id}`, { body: { approve: false } });

  expect((await agent.lane(agent.bound.token, WRITE)).effect).toBe('deny');
});

test('policies see whose agent asks for what: they can keep people from approving for themselves', async () => {
  await using t = await startAdminServer({
    idp,
    policy: POLICY,
    adminPolicy: [
      { id: 'all', effect: 'permit' },
      {
        id: 'four-eyes',
        effect: 'forbid',
        when: ({ context }) => JSON.stringify(context?.['request']).includes('"isOwn":true'),
      },
    ],
  });
  const { client, session } = await t.openSession({
    subjectToken: t.signing.sign(t.clock.now(), { sub: 'sam' }),
  });
  await session.authorize({ action: WRITE, resource: { type: 'File', id: 'a' } });
  const [task] = [...t.server.approvals.list()];

  const own = await t.ask(`/admin/v1/approvals/${task?.id}`, { body: { approve: true } });
  const ownList = await t.ask('/admin/v1/approvals');
  const another = t.adminToken({ sub: 'alex' });
  const others = await t.ask(`/admin/v1/approvals/${task?.id}`, { body: { approve: true }, token: another });

  expect([own.status, ownList.body.approvals, others.status]).toEqual([403, [], 200]);
  await client.close();
});

test('nobody gives rights back while it cannot be written down who did; taking them away goes on [I7]', async () => {
  await using t = await startAdminServer({ idp, policy: POLICY });
  const agent = await t.agent();
  await agent.lane(agent.bound.token, WRITE);
  const task = await openTask(t);
  t.store.audit.append = () => Promise.reject(new Error('disk full'));
  const target = { type: 'session', id: agent.session };
  const order = async (action: string) =>
    (await t.ask('/admin/v1/changes', { body: { action, target, reason: 'r' } })).status;
  await order('suspend');

  await expect.poll(() => order('resume')).toBe(503);
  expect(await order('lift')).toBe(503);
  expect((await t.ask(`/admin/v1/approvals/${task.id}`, { body: { approve: true } })).status).not.toBe(200);
  expect(await order('end')).toBe(202);
});
