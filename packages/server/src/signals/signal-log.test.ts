import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Signal } from '@rta/authority';
import { createMemoryBroker, type EventBroker, type EventEnvelope, type SubscribeOptions } from '@rta/events';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type FaultDiagnostics, faultChannel } from '../diagnostics.ts';
import { openSignalLog } from './signal-log.ts';

const signal = (id: string, changes: Partial<Signal> = {}): Signal => ({
  id,
  source: { issuer: 'https://idp.example', id },
  subject: { user: { by: 'iss-sub', issuer: 'https://idp.example', sub: 'alice' } },
  change: { kind: 'session-revoked' },
  occurredAtMs: 1,
  receivedAtMs: 2,
  ...changes,
});

/** A node that follows a broker. */
async function follow(broker: EventBroker, options: { clock?: FakeClock; node?: string } = {}) {
  const clock = options.clock ?? createFakeClock();
  const heard: string[] = [];
  const log = await openSignalLog({
    broker,
    clock,
    node: options.node ?? 'node-1',
    onSignal: ({ id }) => heard.push(id),
  });
  onTestFinished(() => log.close());
  return { log, clock, heard };
}

/** A broker whose publications can be held up, and whose subscriptions can break. */
function frailBroker() {
  const inner = createMemoryBroker();
  let held: EventEnvelope[] | undefined;
  let subscriptions = 0;
  let unreachable = false;
  let breakOff: ((error: Error) => void) | undefined;
  const broker: EventBroker = {
    ...inner,
    publish: async (event) => {
      if (unreachable) throw new Error('unreachable');
      if (held === undefined) return inner.publish(event);
      held.push(event);
      return 'held';
    },
    subscribe: async (options: SubscribeOptions) => {
      subscriptions += 1;
      if (unreachable) throw new Error('unreachable');
      const subscription = await inner.subscribe(options);
      const broken = Promise.withResolvers<void>();
      breakOff = (error) => {
        void subscription.close();
        broken.reject(error);
      };
      return { ...subscription, ended: Promise.race([subscription.ended, broken.promise]) };
    },
  };
  return {
    broker,
    inner,
    get subscriptions() {
      return subscriptions;
    },
    hold: () => {
      held = [];
    },
    letGo: async () => {
      const waiting = held ?? [];
      held = undefined;
      for (const event of waiting) await inner.publish(event);
    },
    setUnreachable: (to: boolean) => {
      unreachable = to;
    },
    breakOff: (error: Error) => breakOff?.(error),
  };
}

function faults(): FaultDiagnostics[] {
  const seen: FaultDiagnostics[] = [];
  const listen = (fault: unknown): void => void seen.push(fault as FaultDiagnostics);
  subscribe(faultChannel.name, listen);
  onTestFinished(() => void unsubscribe(faultChannel.name, listen));
  return seen;
}

describe('a signal', () => {
  test('reaches every node, its own too, in order', async () => {
    const broker = createMemoryBroker();
    const one = await follow(broker, { node: 'node-1' });
    const other = await follow(broker, { node: 'node-2' });

    await one.log.publish([signal('a'), signal('b')]);
    await other.log.publish([signal('c')]);

    await expect.poll(() => one.heard).toEqual(['a', 'b', 'c']);
    await expect.poll(() => other.heard).toEqual(['a', 'b', 'c']);
  });

  test('reaches a node that starts later', async () => {
    const broker = createMemoryBroker();
    const one = await follow(broker);
    await one.log.publish([signal('a')]);

    const later = await follow(broker, { node: 'node-2' });

    // Before it says that it is fresh.
    expect(later.heard).toEqual(['a']);
    expect(later.log.fresh).toBe(true);
  });

  test.each<[string, Partial<Signal>]>([
    [
      'by email',
      { subject: { user: { by: 'email', email: 'a@example.com', issuers: ['https://idp.example'] } } },
    ],
    ['by an opaque name', { subject: { user: { by: 'opaque', id: 'x', issuers: ['https://idp.example'] } } }],
    ['of a session', { subject: { idpSession: { id: 's', issuers: [] } } }],
    ['of a device', { subject: { device: { id: 'd'.repeat(500), issuers: [] } } }],
    [
      'of a credential',
      { change: { kind: 'credential-change', credentialType: 'password', changeType: 'revoke' } },
    ],
    [
      'by a phone number, at a client, within tenants',
      {
        subject: {
          user: { by: 'phone', phone: '+1', issuers: [] },
          client: { id: 'app', issuers: [] },
          within: { tenants: ['t'], issuers: [] },
        },
      },
    ],
    ['by any name', { subject: { user: { by: 'any', of: [{ by: 'iss-sub', issuer: 'i', sub: 's' }] } } }],
    ['of a token', { subject: { idpToken: { id: 't', issuers: [] } } }],
    ['of an account', { change: { kind: 'account', current: 'purged' } }],
    [
      'of a claim',
      { change: { kind: 'token-claims-change', name: 'role', value: { deep: [null, 1, 'x'] } } },
    ],
    ['of a claim that is gone', { change: { kind: 'token-claims-change', name: 'role', value: null } }],
    [
      'of a level of assurance',
      {
        change: {
          kind: 'assurance-level-change',
          namespace: 'NIST-AAL',
          current: '1',
          direction: 'decrease',
        },
      },
    ],
    ['of a credential that has to be changed', { change: { kind: 'credential-change-required' } }],
    ['of a recovery', { change: { kind: 'recovery-activated' } }],
    ['of what an account is recovered by', { change: { kind: 'recovery-information-changed' } }],
    ['of a profile', { change: { kind: 'profile-change' } }],
    ['with a reason and a transaction', { reason: 'lost', source: { issuer: 'i', id: 'x', txn: 't' } }],
  ])('%s comes out as it went in', async (_, changes) => {
    const seen: Signal[] = [];
    const log = await openSignalLog({
      broker: createMemoryBroker(),
      clock: createFakeClock(),
      node: 'node-1',
      onSignal: (one) => seen.push(one),
    });
    onTestFinished(() => log.close());

    await log.publish([signal('a', changes)]);

    await expect.poll(() => seen).toEqual([signal('a', changes)]);
  });

  test('is not said to be published where the broker does not take it [I2]', async () => {
    const frail = frailBroker();
    const { log } = await follow(frail.broker);
    frail.setUnreachable(true);

    await expect(log.publish([signal('a')])).rejects.toThrow('unreachable');
  });
});

describe('a view', () => {
  test('is fresh as long as heartbeats come back [I2]', async () => {
    const { log, clock } = await follow(createMemoryBroker());

    for (let seconds = 0; seconds < 20; seconds += 1) {
      clock.advance(1_000);
      await nextTurn();
      expect(log.fresh).toBe(true);
    }
  });

  test('is stale five seconds after the last heartbeat that came back was sent [I2]', async () => {
    const frail = frailBroker();
    const { log, clock } = await follow(frail.broker);
    frail.hold();

    clock.advance(5_000);
    expect(log.fresh).toBe(true);
    clock.advance(1);
    expect(log.fresh).toBe(false);

    // What comes back now was sent one to five seconds ago: the view is as old as that.
    await frail.letGo();
    await nextTurn();
    expect(log.fresh).toBe(true);
    frail.hold();
    clock.advance(5_000);
    expect(log.fresh).toBe(false);
  });

  test('is not made fresh by the heartbeats of another node', async () => {
    const frail = frailBroker();
    const clock = createFakeClock();
    const { log } = await follow(frail.broker, { clock });
    await follow(frail.inner, { clock, node: 'node-2' });
    frail.hold();

    clock.advance(5_001);
    await nextTurn();

    expect(log.fresh).toBe(false);
  });

  test('is not made fresh by heartbeats of an earlier run of the same node [I2]', async () => {
    const frail = frailBroker();
    // It had been running for a day: its heartbeats are far ahead of a clock that starts anew.
    const old = createFakeClock();
    old.advance(86_400_000);
    const before = await follow(frail.broker, { clock: old });
    await before.log.close();

    const { log, clock } = await follow(frail.broker);
    frail.hold();
    clock.advance(5_001);

    expect(log.fresh).toBe(false);
  });

  test('is stale when it is closed', async () => {
    const { log } = await follow(createMemoryBroker());
    await log.close();

    expect(log.fresh).toBe(false);
  });
});

describe('an event that this node cannot read', () => {
  test.each([
    ['of an unknown change', { ...signal('x'), change: { kind: 'account-purged' } }],
    ['with a member that is not known', { ...signal('x'), onlyIf: 'monday' }],
    ['without a subject', { ...signal('x'), subject: undefined }],
    ['that is empty', {}],
  ])('%s makes its view stale for good: it may be a revocation [I1, I2]', async (_, payload) => {
    const broker = createMemoryBroker();
    const { log, clock, heard } = await follow(broker);
    const seen = faults();

    const event = { id: 'x', key: 'k', type: 'signal', payload: JSON.parse(JSON.stringify(payload)) };
    await broker.publish(event);
    await expect.poll(() => log.fresh).toBe(false);
    expect(seen).toMatchObject([{ area: 'broker', code: 'RTA_SERVER_VIEW_STALE' }]);

    clock.advance(10_000);
    await nextTurn();
    expect(log.fresh).toBe(false);
    // What can be read is obeyed all the same.
    await log.publish([signal('a')]);
    await expect.poll(() => heard).toEqual(['a']);
  });

  test('and is of another type is none of its business', async () => {
    const broker = createMemoryBroker();
    const { log } = await follow(broker);

    await broker.publish({ id: 'x', key: 'k', type: 'weather', payload: {} });
    await nextTurn();

    expect(log.fresh).toBe(true);
  });
});

describe('a subscription that breaks', () => {
  test('makes the view stale at once, and is taken up again where it ended [I2]', async () => {
    const frail = frailBroker();
    const { log, clock, heard } = await follow(frail.broker);
    const seen = faults();
    await log.publish([signal('a')]);
    await expect.poll(() => heard).toEqual(['a']);

    frail.breakOff(new Error('connection reset'));
    await expect.poll(() => log.fresh).toBe(false);
    await log.publish([signal('b')]);
    expect(heard).toEqual(['a']);

    clock.advance(250);
    await expect.poll(() => heard).toEqual(['a', 'b']);
    clock.advance(1_000);
    await expect.poll(() => log.fresh).toBe(true);
    expect(seen).toMatchObject([{ area: 'broker', message: 'connection reset' }]);
  });

  test('is tried again until it holds', async () => {
    const frail = frailBroker();
    const { log, clock, heard } = await follow(frail.broker);
    frail.setUnreachable(true);
    frail.breakOff(new Error('connection reset'));
    await expect.poll(() => log.fresh).toBe(false);
    for (let tries = 2; tries < 6; tries += 1) {
      clock.advance(250);
      await expect.poll(() => frail.subscriptions).toBe(tries);
    }
    frail.setUnreachable(false);
    await log.publish([signal('a')]);
    await nextTurn();

    clock.advance(250);

    await expect.poll(() => heard).toEqual(['a']);
  });

  test('because a signal could not be applied brings that signal again, and none after it is skipped', async () => {
    const broker = createMemoryBroker();
    const clock = createFakeClock();
    const heard: string[] = [];
    let failures = 1;
    const log = await openSignalLog({
      broker,
      clock,
      node: 'node-1',
      onSignal: ({ id }) => {
        if (id === 'b' && failures > 0) {
          failures -= 1;
          throw new Error('out of memory');
        }
        heard.push(id);
      },
    });
    onTestFinished(() => log.close());
    await log.publish([signal('a'), signal('b'), signal('c')]);
    await expect.poll(() => log.fresh).toBe(false);
    expect(heard).toEqual(['a']);

    clock.advance(250);

    await expect.poll(() => heard).toEqual(['a', 'b', 'c']);
  });

  test('is not taken up again by a node that stops', async () => {
    const frail = frailBroker();
    const { log, clock } = await follow(frail.broker);
    frail.breakOff(new Error('connection reset'));
    await expect.poll(() => log.fresh).toBe(false);

    await log.close();
    clock.advance(10_000);
    await nextTurn();

    expect(frail.subscriptions).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });
});
