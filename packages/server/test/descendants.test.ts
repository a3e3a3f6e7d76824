import { type DelegationRequest, generateAgentKey } from '@rta/sdk';
import { describe, expect, test } from 'vitest';
import { codeOf, delegateTo, next, startFamily } from './agent-family.ts';
import { startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();
const READ = { action: 'files.read', resource: { type: 'File', id: 'a.txt' } };
const WRITE = { action: 'files.write', resource: { type: 'File', id: 'a.txt' } };

describe('what is delegated', () => {
  test('is all that the parent has, where nothing is named', async () => {
    await using t = await startTestServer({ idp });
    const { grandchild } = await startFamily(t);

    expect(grandchild.session.scope).toEqual(['files.read', 'files.write']);
    expect(await grandchild.session.authorize(WRITE)).toMatchObject({ permitted: true });
  });

  test.each<[string, Partial<DelegationRequest>]>([
    ['an action', { scope: ['files.read', 'files.delete'] }],
    ['a wider pattern', { scope: ['files.*'] }],
    ['anywhere', { authorizationDetails: [{ type: 'rta_action', actions: ['files.read'] }] }],
    [
      'a larger amount',
      {
        authorizationDetails: [
          {
            type: 'rta_action',
            actions: ['files.read'],
            locations: ['reports/*'],
            limits: { currency: 'EUR', maxAmount: 101 },
          },
        ],
      },
    ],
    [
      'another currency',
      {
        authorizationDetails: [
          {
            type: 'rta_action',
            actions: ['files.read'],
            locations: ['reports/*'],
            limits: { currency: 'USD', maxAmount: 1 },
          },
        ],
      },
    ],
  ])('is nothing where it is wider than the parent, by %s [P-10.1] [I6]', async (_, request) => {
    await using t = await startTestServer({ idp });
    const { session: copilot } = await t.openSession();
    const limited = await delegateTo(t, copilot, 'limited', {
      authorizationDetails: [
        {
          type: 'rta_action',
          actions: ['files.read'],
          locations: ['reports/*'],
          limits: { currency: 'EUR', maxAmount: 100 },
        },
      ],
    });

    expect(await codeOf(delegateTo(t, limited.session, 'wider', request))).toBe('RTA_AUTHORITY_WIDENING');

    expect(t.server.openSessions).toBe(2);
  });

  test('counts against the budgets of all above, however many share it [P-10.7]', async () => {
    await using t = await startTestServer({ idp });
    const { session: copilot } = await t.openSession();
    const child = await delegateTo(t, copilot, 'child', { budget: { totalCount: 3 } });
    const twins = [
      await delegateTo(t, child.session, 'twin-1'),
      await delegateTo(t, child.session, 'twin-2', { budget: { totalCount: 100 } }),
    ];
    const causes: string[] = [];
    for (const { session } of [...twins, ...twins]) causes.push((await session.authorize(READ)).cause);

    expect(causes).toEqual(['policy', 'policy', 'policy', 'budget-exhausted']);
    expect((await child.session.authorize(READ)).cause).toBe('budget-exhausted');
    expect((await copilot.authorize(READ)).cause).toBe('policy');
  });

  test('is asked for at the rate of all above, and again after a while [P-10.7]', async () => {
    await using t = await startTestServer({ idp });
    const { session: copilot } = await t.openSession();
    const child = await delegateTo(t, copilot, 'child', { budget: { requestsPerSecond: 2 } });
    const grandchild = await delegateTo(t, child.session, 'grandchild');
    // What was delegated counts as well.
    t.clock.advance(1_000);
    const causes = async () => [
      (await grandchild.session.authorize(READ)).cause,
      (await child.session.authorize(READ)).cause,
      (await grandchild.session.authorize(READ)).cause,
    ];

    expect(await causes()).toEqual(['policy', 'policy', 'budget-exhausted']);
    t.clock.advance(1_000);
    expect(await causes()).toEqual(['policy', 'policy', 'budget-exhausted']);
  });
});

describe('the control of what was delegated', () => {
  test('is taken at the rate of the session, as questions are, but for the end of the session itself [P-10.7]', async () => {
    await using t = await startTestServer({ idp });
    const { session: copilot } = await t.openSession();
    const child = await delegateTo(t, copilot, 'child', { budget: { requestsPerSecond: 2 } });
    const { publicKey } = generateAgentKey();
    const { session: grandchild } = await child.session.delegate({ agent: { id: 'grandchild' }, publicKey });
    await child.session.descendants();

    expect([
      await codeOf(child.session.delegate({ agent: { id: 'another' }, publicKey })),
      await codeOf(child.session.descendants()),
      await codeOf(child.session.narrow(grandchild, { scope: ['files.read'] })),
      await codeOf(child.session.endDescendant(grandchild)),
    ]).toEqual(['RTA_SERVER_RATE', 'RTA_SERVER_RATE', 'RTA_SERVER_RATE', 'RTA_SERVER_RATE']);
    expect((await child.session.authorize(READ)).cause).toBe('budget-exhausted');
    expect(t.server.openSessions).toBe(3);

    t.clock.advance(1_000);
    expect(await codeOf(child.session.endDescendant(grandchild))).toBe('none');
    await child.session.descendants();
    expect(await codeOf(child.session.end())).toBe('none');
    await expect.poll(() => t.server.openSessions).toBe(1);
  });
});

describe('a list of sessions', () => {
  test('has what is below, from the top down, and nothing that is secret [P-10.5]', async () => {
    await using t = await startTestServer({ idp });
    const { copilot, child, grandchild } = await startFamily(t);
    await t.openSession();
    const key = generateAgentKey();
    const waiting = await copilot.session.delegate({
      agent: { id: 'waiting', owner: 'team-a' },
      scope: ['files.read'],
      publicKey: key.publicKey,
      lifetimeMs: 60_000,
    });

    const { expiresAtMs } = copilot.session;
    const scope = ['files.read', 'files.write'];
    const state = 'active';
    expect(await copilot.session.descendants()).toEqual([
      {
        session: child.session.id,
        parent: copilot.session.id,
        agent: { id: 'child' },
        state,
        scope,
        expiresAtMs,
        connected: true,
      },
      {
        session: grandchild.session.id,
        parent: child.session.id,
        agent: { id: 'grandchild' },
        state,
        scope,
        expiresAtMs,
        connected: true,
      },
      {
        session: waiting.session,
        parent: copilot.session.id,
        agent: { id: 'waiting', owner: 'team-a' },
        state,
        scope: ['files.read'],
        expiresAtMs: waiting.expiresAtMs,
        connected: false,
      },
    ]);
    expect((await child.session.descendants()).map(({ agent }) => agent.id)).toEqual(['grandchild']);
    expect(await grandchild.session.descendants()).toEqual([]);
  });

  test('comes in pages where it is long [P-10.5]', async () => {
    await using t = await startTestServer({ idp });
    const { session: copilot } = await t.openSession();
    const { publicKey } = generateAgentKey();
    for (let number = 0; number < 130; number++) {
      await copilot.delegate({ agent: { id: `agent-${number}` }, publicKey });
    }

    const names = (await copilot.descendants()).map(({ agent }) => agent.id);

    expect(names).toEqual(Array.from({ length: 130 }, (_, number) => `agent-${number}`));
  });

  test('leaves out what has ended', async () => {
    await using t = await startTestServer({ idp });
    const { copilot, child, grandchild } = await startFamily(t);
    const revoked = next(grandchild.session, 'revoked');
    await child.session.end();
    await revoked;

    expect(await copilot.session.descendants()).toEqual([]);
  });
});

/** Reading, so often. */
const counted = (totalCount: number) => ({
  scope: ['files.read'],
  authorizationDetails: [{ type: 'rta_action' as const, actions: ['files.read'], limits: { totalCount } }],
});

describe('a session that is narrowed', () => {
  test('hears what it lost, and so does what is below it, at once [P-10.2] [I6]', async () => {
    await using t = await startTestServer({ idp });
    const { copilot, child, grandchild } = await startFamily(t);
    const told = [next(child.session, 'context'), next(grandchild.session, 'context')];

    const narrowed = await copilot.session.narrow(child.session.id, { scope: ['files.read'] });

    expect(narrowed).toEqual({ scope: ['files.read'], generation: 2 });
    const change = { gained: [], lost: ['files.write'], scope: ['files.read'], state: 'active' };
    expect(await Promise.all(told)).toMatchObject([
      { ...change, cause: { kind: 'narrowed' } },
      { ...change, cause: { kind: 'narrowed' } },
    ]);
    for (const { session } of [child, grandchild]) {
      expect(await session.authorize(WRITE)).toMatchObject({ permitted: false, cause: 'not-granted' });
      expect(await session.authorize(READ)).toMatchObject({ permitted: true });
      expect(session.signal.aborted).toBe(false);
    }
    expect(await copilot.session.authorize(WRITE)).toMatchObject({ permitted: true });
  });

  test('is not widened again, not by a little [P-10.4]', async () => {
    await using t = await startTestServer({ idp });
    const { copilot, child } = await startFamily(t);
    await copilot.session.narrow(child.session.id, { scope: ['files.read'] });

    for (const scope of [['files.read', 'files.write'], ['files.*'], ['files.write']]) {
      expect(await codeOf(copilot.session.narrow(child.session.id, { scope }))).toBe(
        'RTA_AUTHORITY_WIDENING',
      );
    }
    expect(child.session.scope).toEqual(['files.read']);
  });

  test('has used up what it used up before [P-10.4]', async () => {
    await using t = await startTestServer({ idp });
    const { session: copilot } = await t.openSession();
    const child = await delegateTo(t, copilot, 'child', counted(3));
    await child.session.authorize(READ);
    await child.session.authorize(READ);
    const told = next(child.session, 'context');

    await copilot.narrow(child.session.id, counted(2));

    await told;
    expect(await child.session.authorize(READ)).toMatchObject({ cause: 'budget-exhausted' });
  });

  test('is refused what makes no sense, and goes on as it was', async () => {
    await using t = await startTestServer({ idp });
    const { copilot, child } = await startFamily(t);
    const limits = { maxAmount: 5 };
    const authorizationDetails = [{ type: 'rta_action' as const, actions: ['files.read'], limits }];

    expect(
      await codeOf(copilot.session.narrow(child.session.id, { scope: ['files.read'], authorizationDetails })),
    ).toBe('RTA_AUTHORITY_GRANT_LIMITS');
    expect(await child.session.authorize(WRITE)).toMatchObject({ permitted: true, generation: 1 });
  });
});

describe('a session that is ended from above', () => {
  test('takes what is below it along, and leaves who ended it [P-10.2] [I6]', async () => {
    await using t = await startTestServer({ idp });
    const { copilot, child, grandchild } = await startFamily(t);
    const told = [next(child.session, 'revoked'), next(grandchild.session, 'revoked')];

    await copilot.session.endDescendant(child.session.id);

    expect(await Promise.all(told)).toMatchObject([
      { cause: { kind: 'ended' } },
      { cause: { kind: 'ended' } },
    ]);
    expect([child.session.signal.aborted, grandchild.session.signal.aborted]).toEqual([true, true]);
    expect(await copilot.session.authorize(READ)).toMatchObject({ permitted: true });
    expect(t.server.openSessions).toBe(1);
  });
});

describe('nobody reaches', () => {
  test('beside, above or outside of their own place in the tree [P-10.3] [I6]', async () => {
    await using t = await startTestServer({ idp });
    const { copilot, child, grandchild } = await startFamily(t);
    const sibling = await delegateTo(t, copilot.session, 'sibling');
    const stranger = await t.openSession({ subjectToken: (await t.signIn('bob')).accessToken });
    const out = [
      copilot.session.id,
      sibling.session.id,
      stranger.session.id,
      child.session.id,
      // There is none of this name: the answer is the same.
      '_____________________w',
    ];

    for (const id of out) {
      expect(await codeOf(child.session.narrow(id, { scope: ['files.read'] }))).toBe(
        'RTA_AUTHORITY_NOT_BELOW',
      );
    }
    for (const id of out.filter((one) => one !== child.session.id)) {
      expect(await codeOf(child.session.endDescendant(id))).toBe('RTA_AUTHORITY_NOT_BELOW');
    }
    expect(await codeOf(grandchild.session.endDescendant(child.session.id))).toBe('RTA_AUTHORITY_NOT_BELOW');

    expect(t.server.openSessions).toBe(5);
    for (const { session } of [copilot, child, grandchild, sibling, stranger]) {
      expect(await session.authorize(WRITE)).toMatchObject({ permitted: true, generation: 1 });
    }
    expect(await t.audit()).toContainEqual(
      expect.objectContaining({ kind: 'delegation', outcome: 'refused', cause: 'RTA_AUTHORITY_NOT_BELOW' }),
    );
  });
});
