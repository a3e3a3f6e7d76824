import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import {
  checkRotationPolicy,
  DEFAULT_ROTATION,
  type KeySchedule,
  keyRoles,
  planRotation,
  type RotationPolicy,
  type RotationStep,
} from './rotation.ts';

const HOUR = 3_600_000;
const DAY = 86_400_000;
const T0 = 1_767_225_600_000;
const POLICY: RotationPolicy = { rotateEveryMs: 30 * DAY, overlapMs: 2 * DAY, announceMs: HOUR };

const roles = (...keys: KeySchedule[]) => keyRoles(keys, T0);
const plan = (keys: readonly KeySchedule[], nowMs: number) => planRotation(keys, POLICY, nowMs);

describe('a rotation policy', () => {
  it('is good by default', () => {
    expect(DEFAULT_ROTATION).toEqual({ rotateEveryMs: 30 * DAY, overlapMs: 2 * DAY, announceMs: HOUR });
    expect(codeOf(() => checkRotationPolicy(DEFAULT_ROTATION))).toBe('none');
  });

  it.each([
    ['an overlap shorter than a session', { overlapMs: DAY - 1 }],
    ['an overlap that is no number', { overlapMs: Number.NaN }],
    ['an announcement that no node hears in time', { announceMs: 59_999 }],
    ['an announcement of a part of a millisecond', { announceMs: 60_000.5 }],
    ['a rotation that begins before the last one ended', { rotateEveryMs: 2 * DAY + HOUR - 1 }],
    ['a rotation that never comes', { rotateEveryMs: Number.POSITIVE_INFINITY }],
  ])('is refused with %s [T-6.8]', (_, change) => {
    const policy = { ...POLICY, ...change };
    expect(codeOf(() => checkRotationPolicy(policy))).toBe('RTA_TOKEN_ROTATION');
    expect(codeOf(() => planRotation([], policy, T0))).toBe('RTA_TOKEN_ROTATION');
  });
});

describe('the roles of keys', () => {
  it('have nobody sign where there is no key', () => {
    expect(roles()).toEqual({ current: undefined, accepted: [] });
  });

  it('let the newest key sign whose time has come, and accept the others [T-6.8]', () => {
    expect(
      roles(
        { keyId: 3, activeFromMs: T0 + 1 },
        { keyId: 1, activeFromMs: T0 - 10 },
        { keyId: 2, activeFromMs: T0 },
      ),
    ).toEqual({ current: 2, accepted: [1, 3] });
  });

  it('take the higher id of two with one time', () => {
    expect(roles({ keyId: 5, activeFromMs: T0 }, { keyId: 4, activeFromMs: T0 })).toEqual({
      current: 5,
      accepted: [4],
    });
  });

  it('accept a key until the very moment of its retirement', () => {
    const keys = [
      { keyId: 1, activeFromMs: T0 - 10, retireAtMs: T0 },
      { keyId: 2, activeFromMs: T0 - 5 },
    ];
    expect(keyRoles(keys, T0 - 1)).toEqual({ current: 2, accepted: [1] });
    expect(keyRoles(keys, T0)).toEqual({ current: 2, accepted: [] });
  });

  it('let an announced key begin early where the one that signed is gone', () => {
    expect(
      roles({ keyId: 1, activeFromMs: T0 - 10, retireAtMs: T0 }, { keyId: 2, activeFromMs: T0 + HOUR }),
    ).toEqual({ current: 2, accepted: [] });
  });

  it('let the last key go on after its time rather than have nobody sign', () => {
    expect(roles({ keyId: 1, activeFromMs: T0 - 10, retireAtMs: T0 - 1 })).toEqual({
      current: 1,
      accepted: [],
    });
  });
});

describe('a planned rotation', () => {
  it('makes the first key sign at once', () => {
    expect(plan([], T0)).toEqual([{ kind: 'announce', activeFromMs: T0 }]);
  });

  it('goes through announcement, signing, overlap and end, and asks for nothing in between [T-6.8]', () => {
    const first = { keyId: 1, activeFromMs: T0 };
    const dueMs = T0 + 30 * DAY;
    expect(plan([first], dueMs - HOUR - 1)).toEqual([]);
    expect(plan([first], dueMs - HOUR)).toEqual([
      { kind: 'announce', activeFromMs: dueMs },
      { kind: 'retire', keyId: 1, retireAtMs: dueMs + 2 * DAY },
    ]);
    const keys = [
      { ...first, retireAtMs: dueMs + 2 * DAY },
      { keyId: 2, activeFromMs: dueMs },
    ];
    expect(plan(keys, dueMs - 1)).toEqual([]);
    expect(plan(keys, dueMs)).toEqual([]);
    expect(plan(keys, dueMs + 2 * DAY - 1)).toEqual([]);
    expect(plan(keys, dueMs + 2 * DAY)).toEqual([{ kind: 'forget', keyId: 1 }]);
  });

  it('announces a key that is overdue before it signs all the same', () => {
    const nowMs = T0 + 90 * DAY;
    expect(plan([{ keyId: 1, activeFromMs: T0 }], nowMs)).toEqual([
      { kind: 'announce', activeFromMs: nowMs + HOUR },
      { kind: 'retire', keyId: 1, retireAtMs: nowMs + HOUR + 2 * DAY },
    ]);
  });

  it('finishes what a crash cut off between two steps', () => {
    const keys = [
      { keyId: 1, activeFromMs: T0 },
      { keyId: 2, activeFromMs: T0 + 30 * DAY },
    ];
    expect(plan(keys, T0 + 30 * DAY)).toEqual([{ kind: 'retire', keyId: 1, retireAtMs: T0 + 32 * DAY }]);
  });

  it('keeps the highest id until a higher one is there, so that nobody gets it again [T-3.1]', () => {
    const keys = [
      { keyId: 1, activeFromMs: T0 },
      { keyId: 2, activeFromMs: T0 + DAY, retireAtMs: T0 },
    ];
    expect(plan(keys, T0 + HOUR)).toEqual([]);
  });

  it('replaces a successor that was revoked before the key before it must go', () => {
    const only = { keyId: 1, activeFromMs: T0, retireAtMs: T0 + 32 * DAY };
    const nowMs = T0 + 31 * DAY;
    expect(plan([only], nowMs)).toEqual([
      { kind: 'announce', activeFromMs: nowMs + HOUR },
      { kind: 'retire', keyId: 1, retireAtMs: nowMs + HOUR + 2 * DAY },
    ]);
  });
});

/** The keys as they stood from one moment on. */
interface Version {
  readonly fromMs: number;
  readonly keys: readonly KeySchedule[];
}

function carryOut(keys: readonly KeySchedule[], steps: readonly RotationStep[]): readonly KeySchedule[] {
  let next = [...keys];
  for (const step of steps) {
    if (step.kind === 'announce') {
      const keyId = Math.max(0, ...next.map(({ keyId }) => keyId)) + 1;
      next.push({ keyId, activeFromMs: step.activeFromMs });
    } else if (step.kind === 'retire') {
      next = next.map((key) => (key.keyId === step.keyId ? { ...key, retireAtMs: step.retireAtMs } : key));
    } else next = next.filter(({ keyId }) => keyId !== step.keyId);
  }
  return next;
}

const policies = fc
  .record({
    announceMs: fc.integer({ min: 60_000, max: 6 * HOUR }),
    overlapMs: fc.integer({ min: DAY, max: 5 * DAY }),
    restMs: fc.integer({ min: 0, max: 20 * DAY }),
  })
  .map(({ announceMs, overlapMs, restMs }) => ({
    announceMs,
    overlapMs,
    rotateEveryMs: announceMs + overlapMs + restMs,
  }));
/** A node reads late by up to half of the announcement, and its clock is off by up to a quarter. */
const nodes = fc.array(
  fc.record({
    late: fc.double({ min: 0, max: 0.5, noNaN: true }),
    off: fc.double({ min: -0.24, max: 0.24, noNaN: true }),
  }),
  {
    minLength: 2,
    maxLength: 4,
  },
);
const rounds = fc.array(
  fc.record({
    passMs: fc.oneof(fc.integer({ min: 0, max: 2 * HOUR }), fc.integer({ min: 0, max: 12 * DAY })),
    planner: fc.nat(),
    plans: fc.boolean(),
  }),
  { maxLength: 60 },
);

describe('nodes that share keys, read them late and plan in any order', () => {
  property.prop([policies, nodes, rounds], { numRuns: 150 })(
    'never sign with a key that another node does not accept, and refuse none before the overlap is over [T-6.8]',
    (policy, nodes, rounds) => {
      const { announceMs, overlapMs } = policy;
      let nowMs = T0;
      const versions: Version[] = [
        { fromMs: T0 - announceMs, keys: [{ keyId: 1, activeFromMs: T0 - announceMs }] },
      ];
      const beganMs = new Map<number, number>([[1, T0 - announceMs]]);
      const clockOf = ({ off }: { off: number }): number => Math.floor(nowMs + off * announceMs);

      for (const { passMs, planner, plans } of rounds) {
        nowMs += passMs;
        const node = nodes[planner % nodes.length];
        const latest = versions.at(-1);
        if (plans && node !== undefined && latest !== undefined) {
          const keys = carryOut(latest.keys, planRotation(latest.keys, policy, clockOf(node)));
          for (const { keyId, activeFromMs } of keys) beganMs.set(keyId, activeFromMs);
          versions.push({ fromMs: nowMs, keys });
        }

        const seen = nodes.map((node) => {
          const view = versions.findLast(({ fromMs }) => fromMs <= nowMs - node.late * announceMs);
          const { current, accepted } = keyRoles(view?.keys ?? [], clockOf(node));
          return { current, accepts: [current, ...accepted], clockMs: clockOf(node) };
        });
        for (const one of seen) {
          expect(one.current).toBeDefined();
          expect(one.accepts.length).toBeLessThanOrEqual(3);
          for (const other of seen) expect(other.accepts).toContain(one.current);
          for (const [keyId] of beganMs) {
            if (one.accepts.includes(keyId) || keyId > (one.current ?? 0)) continue;
            const successorFromMs = beganMs.get(keyId + 1) ?? Number.POSITIVE_INFINITY;
            expect(one.clockMs).toBeGreaterThanOrEqual(successorFromMs + overlapMs);
          }
        }
      }
    },
  );

  property.prop(
    [
      policies,
      fc.array(fc.tuple(fc.integer({ min: 0, max: 10 * DAY }), fc.nat(), fc.boolean()), { maxLength: 60 }),
    ],
    { numRuns: 150 },
  )(
    'have one that signs after any revocation, and never one with an id that was used before [T-3.1, T-6.4]',
    (policy, rounds) => {
      let nowMs = T0;
      let keys: readonly KeySchedule[] = [];
      let highest = 0;
      const revoked = new Set<number>();
      for (const [passMs, which, revokes] of rounds) {
        nowMs += passMs;
        const victim = keys[which % Math.max(1, keys.length)];
        if (revokes && victim !== undefined) {
          revoked.add(victim.keyId);
          keys = keys.filter((key) => key !== victim);
        }
        const steps = planRotation(keys, policy, nowMs);
        for (const step of steps) {
          if (step.kind !== 'announce') keys = carryOut(keys, [step]);
          else {
            // As a store of keys does it: above all ids that it holds, those of revoked keys too.
            const keyId = Math.max(0, ...revoked, ...keys.map(({ keyId }) => keyId)) + 1;
            expect(keyId).toBeGreaterThan(highest);
            highest = keyId;
            keys = [...keys, { keyId, activeFromMs: step.activeFromMs }];
          }
        }
        const { current } = keyRoles(keys, nowMs);
        expect(current).toBeDefined();
        expect(revoked.has(current ?? 0)).toBe(false);
      }
    },
  );
});
