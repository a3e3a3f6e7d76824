import type { StaticPolicy } from '@rta/pdp';
import { type AgentSession, generateAgentKey } from '@rta/sdk';
import { describe, expect, test } from 'vitest';
import { startTestIdp, startTestServer, type TestServer } from './test-server.ts';

const idp = await startTestIdp();
const READ = { action: 'files.read', resource: { type: 'File', id: 'a.txt' } };
const WAIT = { waitForApproval: true };

/** Permits everything under this condition. */
const withObligation = (type: string, properties = {}): StaticPolicy => [
  { id: 'all', effect: 'permit', obligations: [{ type, properties }] },
];

/** The one approval that is waited for. */
function openApproval(t: TestServer) {
  const [task, ...more] = t.server.approvals.list();
  if (task === undefined || more.length > 0) throw new Error('expected one approval');
  return task;
}

/** Decides the one approval that is waited for, when it is. */
async function decide(t: TestServer, approve: boolean): Promise<void> {
  await expect.poll(() => [...t.server.approvals.list()].length).toBe(1);
  t.server.approvals.decide(openApproval(t).id, { approve, by: 'bob' });
}

describe('a permit that needs approval', () => {
  test('comes when somebody has approved', async () => {
    await using t = await startTestServer({ idp, policy: withObligation('approval') });
    const { session } = await t.openSession();
    const answer = session.authorize(READ, WAIT);

    await decide(t, true);

    expect(await answer).toMatchObject({ permitted: true, cause: 'policy' });
  });

  test('does not come when somebody has refused', async () => {
    await using t = await startTestServer({ idp, policy: withObligation('approval') });
    const { session } = await t.openSession();
    const answer = session.authorize(READ, WAIT);

    await decide(t, false);

    expect(await answer).toMatchObject({ permitted: false, cause: 'approval-refused' });
    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'approval-refused' });
  });

  test('is good once, and for this question alone [P-6.15]', async () => {
    await using t = await startTestServer({ idp, policy: withObligation('approval') });
    const { session } = await t.openSession();
    const pay = { ...READ, context: { amount: { value: 100, currency: 'EUR' } } };
    const more = { ...READ, context: { amount: { value: 101, currency: 'EUR' } } };
    const asked = await session.authorize(pay);
    expect(asked).toMatchObject({ cause: 'approval-required', approval: { id: openApproval(t).id } });
    const heard = new Promise((resolve) => session.on('approval', resolve));
    await decide(t, true);
    expect(await heard).toMatchObject({ state: 'approved' });

    const causes: string[] = [];
    for (const request of [more, { ...pay, action: 'files.write' }, pay, pay]) {
      causes.push((await session.authorize(request)).cause);
    }

    expect(causes).toEqual(['approval-required', 'approval-required', 'policy', 'approval-required']);
  });

  test('is worth nothing in another generation [P-6.15]', async () => {
    await using t = await startTestServer({ idp, policy: withObligation('approval') });
    const { session } = await t.openSession();
    await session.authorize(READ);
    const heard: unknown[] = [];
    const voided = new Promise<void>((resolve) =>
      session.on('approval', ({ state }) => {
        heard.push(state);
        if (state === 'void') resolve();
      }),
    );
    await decide(t, true);

    await t.changeRisk('alice', 'MEDIUM');
    await voided;

    expect(heard).toEqual(['approved', 'void']);
    expect(await session.authorize(READ)).toMatchObject({ cause: 'approval-required', generation: 2 });
  });

  test('is waited for until its time is over', async () => {
    await using t = await startTestServer({ idp, policy: withObligation('approval') });
    const { session } = await t.openSession();
    await session.authorize(READ);
    const voided = new Promise((resolve) => session.on('approval', resolve));

    t.clock.advance(600_000);

    expect(await voided).toMatchObject({ state: 'void' });
    expect([...t.server.approvals.list()]).toEqual([]);
  });
});

describe('a permit that needs another sign-in', () => {
  test('says which', async () => {
    await using t = await startTestServer({
      idp,
      policy: withObligation('step-up', { max_age: 3_600, acr_values: 'phr phrh' }),
    });
    const { session } = await t.openSession();

    expect(await session.authorize(READ)).toMatchObject({
      permitted: false,
      cause: 'step-up-required',
      stepUp: { acrValues: ['phr', 'phrh'], maxAgeS: 3_600 },
    });
  });
});

describe('a policy that asks for a stronger sign-in', () => {
  test('permits what the user has signed in for so, until that is too long ago', async () => {
    await using t = await startTestServer({
      idp,
      policy: [
        { id: 'all', effect: 'permit' },
        {
          id: 'strong',
          effect: 'permit',
          when: ({ action }) => action.name === 'files.write',
          obligations: [{ type: 'step-up', properties: { acr_values: 'mfa', max_age: 300 } }],
        },
      ],
    });
    const WRITE = { ...READ, action: 'files.write' };
    const { client, session: weak } = await t.openSession();
    const denial = await weak.authorize(WRITE);
    expect(denial).toMatchObject({
      permitted: false,
      cause: 'step-up-required',
      stepUp: { acrValues: ['mfa'], maxAgeS: 300 },
    });
    expect(await weak.authorize(READ)).toMatchObject({ permitted: true });

    // The application does what the denial says.
    const acrValues = 'stepUp' in denial ? (denial.stepUp.acrValues ?? []).join(' ') : '';
    const { accessToken } = await t.signIn('alice', { acrValues, code: 'alice code' });
    const strong = await client.exchange({
      subjectToken: accessToken,
      agent: { id: 'agent-1' },
      key: generateAgentKey(),
    });
    expect(await strong.authorize(WRITE)).toMatchObject({ permitted: true });
    expect(await weak.authorize(WRITE)).toMatchObject({ cause: 'step-up-required' });

    t.clock.advance(301_000);
    expect(await strong.authorize(WRITE)).toMatchObject({ cause: 'step-up-required' });
    expect(await strong.authorize(READ)).toMatchObject({ permitted: true });
  });

  test('is not satisfied by a sign-in without the second factor', async () => {
    await using t = await startTestServer({ idp });
    await expect(t.signIn('alice', { acrValues: 'mfa', code: 'bob code' })).rejects.toMatchObject({
      code: 'RTA_DEVIDP_CREDENTIALS',
    });
  });
});

describe('a permit with an obligation that nobody can fulfil', () => {
  test('is a denial, by the server and by the agent [P-6.16] [I1]', async () => {
    const policy = withObligation('watermark');
    await using t = await startTestServer({ idp, policy });
    const { session } = await t.openSession();
    expect(await session.authorize(READ)).toMatchObject({ permitted: false, cause: 'obligation-unknown' });

    await using other = await startTestServer({ idp, policy, forwardedObligations: ['watermark'] });
    const { session: forwarded } = await other.openSession();
    expect(await forwarded.authorize(READ)).toMatchObject({ permitted: false, cause: 'obligation' });
  });
});

describe('amounts', () => {
  const LIMITS = { currency: 'EUR', maxAmount: 100, totalAmount: 150 };

  async function startPayer(t: TestServer): Promise<AgentSession> {
    const { session: copilot } = await t.openSession();
    const key = generateAgentKey();
    const { session } = await copilot.delegate({
      agent: { id: 'payer' },
      scope: ['files.read'],
      authorizationDetails: [{ type: 'rta_action', actions: ['files.read'], limits: LIMITS }],
      publicKey: key.publicKey,
    });
    return (await t.connect()).bind({ session, key });
  }

  test('that are limited are named, as whole numbers of the right currency [P-6.14]', async () => {
    await using t = await startTestServer({ idp });
    const payer = await startPayer(t);
    const wrong = [
      undefined,
      100,
      '100',
      { value: 101, currency: 'EUR' },
      { value: 1, currency: 'USD' },
      { value: 1, currency: 'eur' },
      { value: 1 },
      { currency: 'EUR' },
      { value: -1, currency: 'EUR' },
      { value: 0.5, currency: 'EUR' },
      { value: '1', currency: 'EUR' },
      [{ value: 1, currency: 'EUR' }],
    ];
    const causes = new Set<string>();
    for (const amount of wrong) {
      const context = amount === undefined ? {} : { context: { amount } };
      causes.add((await payer.authorize({ ...READ, ...context })).cause);
    }

    expect([...causes]).toEqual(['not-granted']);
    const context = { amount: { value: 100, currency: 'EUR' } };
    expect(await payer.authorize({ ...READ, context })).toMatchObject({ permitted: true });
  });

  test('are counted when they are permitted, and only then [P-6.17]', async () => {
    await using t = await startTestServer({ idp });
    const payer = await startPayer(t);
    const pay = async (value: number) =>
      (await payer.authorize({ ...READ, context: { amount: { value, currency: 'EUR' } } })).cause;

    t.pdp.replace([]);
    expect(await pay(100)).toBe('default');
    t.pdp.replace(withObligation('watermark'));
    expect(await pay(100)).toBe('obligation-unknown');
    t.pdp.replace([{ id: 'all', effect: 'permit' }]);

    expect([await pay(100), await pay(51), await pay(50), await pay(1), await pay(0)]).toEqual([
      'policy',
      'budget-exhausted',
      'policy',
      'budget-exhausted',
      'policy',
    ]);
  });
});
