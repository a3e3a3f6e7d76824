import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { AUTHORITY_LIMITS, type Fact, type Signal, type SignalChange } from '@rta/authority';
import { isRtaError, type JsonObject } from '@rta/core';
import { createMemoryStore, type Store } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HOUR_MS, T0 } from '../../test/authority-fixture.ts';
import { faultChannel } from '../diagnostics.ts';
import { createSubjectKeeper, type SubjectKeeper } from './subject-keeper.ts';

const IDP = 'https://idp.example';
const SUSPEND: SignalChange = { kind: 'suspension', current: true };
const RESUME: SignalChange = { kind: 'suspension', current: false };

function startKeeper(): { keeper: SubjectKeeper; store: Store; clock: ReturnType<typeof createFakeClock> } {
  const clock = createFakeClock(T0);
  const store = createMemoryStore({ clock });
  return { keeper: createSubjectKeeper(store), store, clock };
}

function signal(id: string, change: SignalChange, atMs: number, changes: Partial<Signal> = {}): Signal {
  return {
    id,
    source: { issuer: IDP, id },
    subject: { user: { by: 'iss-sub', issuer: IDP, sub: 'alice' } },
    change,
    occurredAtMs: atMs,
    receivedAtMs: atMs,
    ...changes,
  };
}

async function factsOf(keeper: SubjectKeeper): Promise<readonly Fact[]> {
  const { facts, isComplete } = await keeper.restore();
  expect(isComplete).toBe(true);
  return facts;
}

async function idsOf(keeper: SubjectKeeper): Promise<string[]> {
  return (await factsOf(keeper)).map(({ id }) => id).sort();
}

/** Replaces the only record by what is made of it. */
async function tamper({ subjects }: Store, change: (record: JsonObject) => JsonObject): Promise<void> {
  const kept: [string, JsonObject][] = [];
  for await (const [key, record] of subjects.entries()) kept.push([key, record]);
  expect(kept).toHaveLength(1);
  for (const [key, record] of kept) await subjects.put(key, change(record));
}

describe('what is known of a subject', () => {
  test('is kept as it was said, but for the words', async () => {
    const { keeper } = startKeeper();
    await keeper.keep(signal('a', SUSPEND, T0, { reason: 'a long story' }));
    expect(await factsOf(keeper)).toEqual([{ ...signal('a', SUSPEND, T0), sourceTimeMs: T0 }]);
  });

  test.each([[['a', 'b', 'a']], [['b', 'a', 'b']]])(
    'is what was said last, in whatever order it came: %j',
    async (order) => {
      const { keeper } = startKeeper();
      const said = { a: signal('a', SUSPEND, T0), b: signal('b', RESUME, T0 + 1) };
      for (const id of order) await keeper.keep(said[id as 'a' | 'b']);
      expect(await idsOf(keeper)).toEqual(['b']);
    },
  );

  test('is written once, however often it is said', async () => {
    const { keeper, store } = startKeeper();
    await keeper.keep(signal('a', SUSPEND, T0));
    let writes = 0;
    const { update } = store.subjects;
    store.subjects.update = (key, change) =>
      update(key, (record) => {
        const to = change(record);
        if (to?.record !== record) writes += 1;
        return to;
      });

    await keeper.keep(signal('a', SUSPEND, T0));

    expect([await idsOf(keeper), writes]).toEqual([['a'], 0]);
  });

  test('is not outranked by what claims to be from the future', async () => {
    const { keeper } = startKeeper();
    await keeper.keep(signal('a', RESUME, T0, { occurredAtMs: T0 + 10 * HOUR_MS }));
    await keeper.keep(signal('b', SUSPEND, T0 + 1));
    expect(await idsOf(keeper)).toEqual(['b']);
  });

  test('is kept apart by source, subject and matter', async () => {
    const { keeper } = startKeeper();
    await keeper.keep(signal('a', SUSPEND, T0));
    await keeper.keep(signal('b', RESUME, T0 + 1, { source: { issuer: 'https://other.example', id: 'b' } }));
    await keeper.keep(signal('c', RESUME, T0 + 1, { subject: { tenant: { id: 't', issuers: [IDP] } } }));
    await keeper.keep(signal('d', { kind: 'session-revoked' }, T0 + 1));
    expect(await idsOf(keeper)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('is kept of subjects with names of any length', async () => {
    const { keeper } = startKeeper();
    const subject = { user: { by: 'iss-sub' as const, issuer: IDP, sub: 'x'.repeat(10_000) } };
    await keeper.keep(signal('a', SUSPEND, T0, { subject }));
    expect(await idsOf(keeper)).toEqual(['a']);
  });

  test('is forgotten when no session can be concerned any more, and what lasts is not', async () => {
    const { keeper, clock } = startKeeper();
    await keeper.keep(signal('revoked', { kind: 'session-revoked' }, T0));
    await keeper.keep(signal('suspended', SUSPEND, T0));
    await keeper.keep(signal('ceiling', { kind: 'ceiling', grant: { scope: ['read'] } }, T0));

    clock.advance(AUTHORITY_LIMITS.maxSessionLifetimeMs);
    expect(await idsOf(keeper)).toEqual(['ceiling', 'revoked', 'suspended']);
    clock.advance(AUTHORITY_LIMITS.factRetentionMs);
    expect(await idsOf(keeper)).toEqual(['ceiling', 'suspended']);
  });

  test('is forgotten after all where what lasted was taken back', async () => {
    const { keeper, clock } = startKeeper();
    await keeper.keep(signal('a', SUSPEND, T0));
    await keeper.keep(signal('b', RESUME, T0 + 1));
    clock.advance(AUTHORITY_LIMITS.factRetentionMs + 2);
    expect(await idsOf(keeper)).toEqual([]);
  });
});

describe('a record that cannot be read', () => {
  test.each<[string, (record: JsonObject) => JsonObject]>([
    ['has a member that nobody knows', (record) => ({ ...record, until: T0 })],
    ['is of a kind that nobody knows', (record) => ({ ...record, change: { kind: 'quarantine' } })],
    ['is empty', () => ({})],
  ])('leaves what is known incomplete, where it %s', async (_, change) => {
    const { keeper, store } = startKeeper();
    await keeper.keep(signal('a', SUSPEND, T0));
    await tamper(store, change);
    const faults: unknown[] = [];
    const onFault = (fault: unknown): void => void faults.push(fault);
    subscribe(faultChannel.name, onFault);
    onTestFinished(() => void unsubscribe(faultChannel.name, onFault));

    expect(await keeper.restore()).toEqual({ facts: [], isComplete: false });
    expect(faults).toEqual([expect.objectContaining({ area: 'store' })]);
  });

  test('is not written over', async () => {
    const { keeper, store } = startKeeper();
    await keeper.keep(signal('a', SUSPEND, T0));
    await tamper(store, (record) => ({ ...record, until: T0 }));

    const kept = keeper.keep(signal('b', RESUME, T0 + 1));

    await expect(kept).rejects.toSatisfy((error) => isRtaError(error, 'RTA_SERVER_STATE_UNREADABLE'));
    expect(await keeper.restore()).toEqual({ facts: [], isComplete: false });
  });
});
