import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Authority, GrantedAction } from '@rta/authority';
import type { JsonObject, SessionId } from '@rta/core';
import { createMemoryStore, type Records, type Store } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  causeOf,
  delegateSession,
  openSession,
  sessionIdOf,
  startAuthority,
  T0,
} from '../../test/authority-fixture.ts';
import { faultChannel } from '../diagnostics.ts';
import { createSessionKeeper, type SessionKeeper } from './session-keeper.ts';

interface Kept {
  readonly authority: Authority;
  readonly keeper: SessionKeeper;
  readonly store: Store;
}

/** A node on a store, which may have been another node's before. */
function startKept(store = createMemoryStore({ clock: createFakeClock(T0) })): Kept {
  const authority = startAuthority();
  return { authority, store, keeper: createSessionKeeper({ authority, store, clock: createFakeClock(T0) }) };
}

/** The node after a restart on the same store. */
async function restart({ store }: Kept): Promise<Kept> {
  const next = startKept(store);
  await next.keeper.restore();
  return next;
}

async function keptIds({ store }: Kept): Promise<string[]> {
  const ids: string[] = [];
  for await (const [id] of store.sessions.entries()) ids.push(id);
  return ids.sort();
}

function collectFaults(): string[] {
  const codes: string[] = [];
  const onFault = (fault: unknown): void => void codes.push((fault as { code: string }).code);
  subscribe(faultChannel.name, onFault);
  onTestFinished(() => void unsubscribe(faultChannel.name, onFault));
  return codes;
}

/** Carries out what an authority has to say. */
function settle({ authority, keeper }: Kept): void {
  keeper.follow(authority.settle(T0));
}

const PAYMENT: GrantedAction = {
  action: 'pay',
  resourceId: 'shop',
  amount: { value: 40, currency: 'EUR' },
};
const pays = (action: string, totalAmount: number) => ({
  actions: [action],
  limits: { currency: 'EUR', totalAmount },
});

describe('a keeper', () => {
  test('goes on with what was kept, in another generation and with another token', async () => {
    const before = startKept();
    const session = openSession(before.authority, 1);
    await before.keeper.keep(session);

    const after = await restart(before);

    const restored = after.authority.live(session.id, T0);
    expect(restored).toMatchObject({
      id: session.id,
      subject: { issuer: 'https://idp.example', sub: 'alice' },
      grant: { scope: ['*'] },
      connection: undefined,
    });
    expect(restored.generation).toBeGreaterThan(session.generation);
    expect(after.authority.check(session.id, session.token, 'c', T0)).toMatchObject({ cause: 'not-bound' });
  });

  test('gives no generation twice, also where the process ends again before anything was written', async () => {
    const node = startKept();
    const session = openSession(node.authority, 1);
    await node.keeper.keep(session);

    const once = await restart(node);
    const twice = await restart(once);

    const [first, second] = [once, twice].map(({ authority }) => authority.live(session.id, T0).generation);
    expect([first, second]).toEqual([258, 515]);
  });

  test('writes nothing over what another node has written since it was read, but the generation', async () => {
    const node = startKept();
    const session = openSession(node.authority, 1);
    await node.keeper.keep(session);
    const read: (readonly [string, JsonObject])[] = [];
    for await (const entry of node.store.sessions.entries()) read.push(entry);
    const narrowed = node.authority.narrow(session.id, { scope: ['files.read'] }, causeOf('narrowed'), T0);
    await node.keeper.keep(narrowed);

    const sessions: Records = {
      ...node.store.sessions,
      async *entries() {
        yield* read;
      },
    };
    await restart({ ...node, store: { ...node.store, sessions } });

    expect(await node.store.sessions.get(session.id)).toMatchObject({
      ownGrant: { scope: ['files.read'] },
      generation: 258,
    });
  });

  test('takes out what has ended, and what was below it', async () => {
    const node = startKept();
    const parent = openSession(node.authority, 1);
    const child = delegateSession(node.authority, parent.id, 2);
    const other = openSession(node.authority, 3);
    for (const session of [parent, child, other]) await node.keeper.keep(session);

    node.authority.end(parent.id, causeOf('over'));
    settle(node);
    await node.keeper.flush();

    expect(await keptIds(node)).toEqual([other.id]);
  });

  test('brings back nothing below a session that was taken out before its own record was', async () => {
    const node = startKept();
    const parent = openSession(node.authority, 1);
    await node.keeper.keep(parent);
    await node.keeper.keep(delegateSession(node.authority, parent.id, 2));

    await node.keeper.forget(parent.id);
    const after = await restart(node);

    expect(after.authority.sessionCount).toBe(0);
    expect(await keptIds(after)).toEqual([]);
  });

  test('tries again to take out what has ended, where the store did not answer', async () => {
    const node = startKept();
    const session = openSession(node.authority, 1);
    await node.keeper.keep(session);
    const { sessions } = node.store;
    const remove = sessions.delete;
    sessions.delete = () => Promise.reject(new Error('disk gone'));

    node.authority.end(session.id, causeOf('over'));
    await expect(node.keeper.forget(session.id)).rejects.toThrow('disk gone');
    sessions.delete = remove;
    expect(await keptIds(node)).toEqual([session.id]);
    await node.keeper.flush();

    expect(await keptIds(node)).toEqual([]);
  });

  test('tells of a store that does not answer, and writes what was noted when it does', async () => {
    const node = startKept();
    const session = openSession(node.authority, 1, { totalCount: 5 });
    await node.keeper.keep(session);
    const faults = collectFaults();
    const { write } = node.store;
    node.store.write = () => Promise.reject(Object.assign(new Error('disk gone'), { code: 'EIO' }));
    node.authority.spend(session.id, { action: 'read', resourceId: 'a', amount: undefined });

    await node.keeper.flush();
    expect(faults).toEqual(['EIO']);
    node.store.write = write;
    await node.keeper.flush();

    expect(await node.store.sessions.get(session.id)).toMatchObject({ spending: { count: 1, details: [] } });
  });

  test('writes the others where one has grown too large to be kept', async () => {
    const store = createMemoryStore({ clock: createFakeClock(T0), limits: { recordBytes: 1_200 } });
    const node = startKept(store);
    const large = openSession(node.authority, 1, { grant: { scope: ['x'.repeat(500), 'y'.repeat(500)] } });
    const small = [2, 3, 4].map((number) => openSession(node.authority, number));
    const faults = collectFaults();

    for (const session of [large, ...small]) node.keeper.touch(session);
    await node.keeper.flush();

    expect(await keptIds(node)).toEqual([sessionIdOf(2), sessionIdOf(3), sessionIdOf(4)]);
    expect(faults).toContain('RTA_STORE_TOO_LARGE');
  });

  test('writes in parts what is too large for one batch', async () => {
    const store = createMemoryStore({ clock: createFakeClock(T0), limits: { batchBytes: 2_000 } });
    const node = startKept(store);
    const faults = collectFaults();

    for (let number = 1; number <= 40; number++) node.keeper.touch(openSession(node.authority, number));
    await node.keeper.flush();

    expect(await keptIds(node)).toHaveLength(40);
    expect(faults).toEqual([]);
  });
});

describe('what was spent', () => {
  test('stays spent after a restart', async () => {
    const before = startKept();
    const session = openSession(before.authority, 1, {
      grant: { scope: ['*'], details: [pays('pay', 100)] },
    });
    await before.keeper.keep(session);
    expect([
      before.authority.spend(session.id, PAYMENT),
      before.authority.spend(session.id, PAYMENT),
    ]).toEqual([true, true]);
    await before.keeper.flush();

    const after = await restart(before);

    expect(after.authority.spend(session.id, PAYMENT)).toBe(false);
  });

  test('stays spent where the session is narrowed, from the moment that this is kept', async () => {
    const before = startKept();
    const session = openSession(before.authority, 1, { totalCount: 2 });
    await before.keeper.keep(session);
    const spend = ({ authority }: Kept): boolean =>
      authority.spend(session.id, { action: 'read', resourceId: 'a', amount: undefined });
    expect([spend(before), spend(before)]).toEqual([true, true]);

    const to = { scope: ['read'] };
    await before.keeper.keep(before.authority.narrow(session.id, to, causeOf('n'), T0));

    expect(spend(await restart(before))).toBe(false);
  });

  test('is kept with the grant that it was counted by', async () => {
    const before = startKept();
    const grant = { scope: ['*'], details: [pays('a', 100), pays('pay', 100)] };
    const session = openSession(before.authority, 1, { grant });
    await before.keeper.keep(session);
    before.authority.spend(session.id, PAYMENT);
    before.authority.spend(session.id, PAYMENT);
    await before.keeper.flush();

    before.authority.narrow(session.id, { scope: ['*'], details: [pays('pay', 90)] }, causeOf('n'), T0);
    settle(before);
    before.keeper.touch(before.authority.live(session.id, T0));
    // Other than `flush`, this takes no account of its own accord.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));

    expect(await before.store.sessions.get(session.id)).toMatchObject({
      ownGrant: { details: [pays('pay', 90)] },
      spending: { count: 2, details: [{ count: 2, amount: 80 }] },
    });
  });
});

describe('a restart', () => {
  test('never goes back in generations, in whatever steps the agent was told', async () => {
    const before = startKept();
    const session = openSession(before.authority, 1);
    await before.keeper.keep(session);
    for (let change = 0; change < 600; change++) {
      before.authority.remint(causeOf(`change-${change}`));
      before.authority.live(session.id, T0);
      if (change % 7 === 0) settle(before);
    }
    const { generation } = before.authority.live(session.id, T0);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));

    const after = await restart(before);

    expect(after.authority.live(session.id, T0).generation).toBeGreaterThan(generation);
  });

  test.each([
    ['is of another version', { v: 2 }],
    ['has a member that nobody knows', { ceiling: {} }],
    ['is that of another session', { id: sessionIdOf(9) }],
  ])('does not go on with a session whose record %s, and tells of it', async (_, changes) => {
    const before = startKept();
    const [session, other] = [openSession(before.authority, 1), openSession(before.authority, 2)];
    await before.keeper.keep(session);
    await before.keeper.keep(other);
    const record = await before.store.sessions.get(session.id);
    await before.store.sessions.put(session.id, { ...record, ...changes });
    const faults = collectFaults();

    const after = await restart(before);

    const live: SessionId[] = [...after.authority.sessions(T0)].map(({ id }) => id);
    expect(live).toEqual([other.id]);
    expect(faults).toEqual(['RTA_SERVER_INTERNAL']);
  });
});
