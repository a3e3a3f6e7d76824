import {
  type AuditLog,
  type CollectionName,
  createMemoryStore,
  type Records,
  type SingleUseKeys,
  type Store,
  type StoreLimits,
} from '@rta/store';
import { createFakeClock, type FakeClock, type StoreContractEnv } from '../src/index.ts';

/**
 * Breaks something in a memory store.
 *
 * @param opening - 1 where the place is opened for the first time, 2 for the second time …
 */
export type Break = (inner: Store, clock: FakeClock, opening: number) => Partial<Store>;

/** What is broken, the check that catches it, and how it is broken. */
export type StoreFault = readonly [broken: string, check: string, break_: Break];

/** Breaks the single-use keys. */
export const inSingleUse =
  (tamper: (inner: SingleUseKeys, clock: FakeClock) => Partial<SingleUseKeys>): Break =>
  (inner, clock) => ({ singleUse: { ...inner.singleUse, ...tamper(inner.singleUse, clock) } });

/** Breaks one collection. */
export const inCollection =
  (name: CollectionName, tamper: (inner: Records, clock: FakeClock) => Partial<Records>): Break =>
  (inner, clock) => ({ [name]: { ...inner[name], ...tamper(inner[name], clock) } });

/** Breaks the session records. */
export const inSessions = (tamper: (inner: Records, clock: FakeClock) => Partial<Records>): Break =>
  inCollection('sessions', tamper);

/** Breaks the audit log. */
export const inAudit =
  (tamper: (inner: AuditLog) => Partial<AuditLog>): Break =>
  (inner) => ({ audit: { ...inner.audit, ...tamper(inner.audit) } });

/** Breaks a store of which the state outlives `close`. */
export const inDurable =
  (tamper: Break): Break =>
  (inner, clock, opening) => ({
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
    ...tamper(inner, clock, opening),
    features: { durable: true, shared: false },
  });

/** Breaks a store that has one state wherever it is opened. */
export const inShared =
  (tamper: Break): Break =>
  (...place) => ({ ...inDurable(tamper)(...place), features: { durable: false, shared: true } });

/** Lets everything else that waits for the event loop come first. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** An env whose stores are broken; the clock is fresh. One place has one state. */
export function breakWith(tamper: Break): StoreContractEnv {
  const clock = createFakeClock();
  const places = new Map<string, { readonly inner: Store; openings: number }>();
  const open = (place: string, limits: Partial<StoreLimits> = {}): Store => {
    const known = places.get(place) ?? { inner: createMemoryStore({ clock, limits }), openings: 0 };
    places.set(place, known);
    known.openings += 1;
    return { ...known.inner, ...tamper(known.inner, clock, known.openings) };
  };
  return {
    name: 'broken',
    open,
    openSmall: (place) => open(place, { singleUseCount: 4, recordCount: 4, auditCount: 4 }),
    now: () => clock.now(),
    advance: (ms) => clock.advance(ms),
  };
}
