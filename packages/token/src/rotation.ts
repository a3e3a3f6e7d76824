import { tokenError } from './errors.ts';
import { TOKEN_LIMITS } from './limits.ts';

/** When a key does what. A key that was revoked has no schedule any more: leave it out. */
export interface KeySchedule {
  /** 0 to 2^32 − 1; a later key has a higher id. */
  readonly keyId: number;
  /** UNIX milliseconds from which it signs, unless a later key does. Before, its tokens are accepted already. */
  readonly activeFromMs: number;
  /** UNIX milliseconds from which its tokens are refused; absent while no successor is known. */
  readonly retireAtMs?: number;
}

/** How often keys change, and how long each step of it takes. */
export interface RotationPolicy {
  /** How long a key signs. At least `overlapMs` and `announceMs` together, so that one change ends before the next. */
  readonly rotateEveryMs: number;
  /**
   * How long tokens of a key are accepted after its successor signs; at least 24 hours, the longest life of a session.
   *
   * The hot path needs none of it: there a token counts because it equals the session's current one, whichever key
   * signed it. The overlap is for the cold path, where an agent that shows a token which was replaced is told so, and
   * not that it was forged; and for others who verify tokens with the published key.
   */
  readonly overlapMs: number;
  /** How long a key is accepted before it signs: longer than any node, and any copy of the JWK Set, takes to see it. */
  readonly announceMs: number;
}

/** A key signs for 30 days, is announced an hour before, and accepted for two days after. */
export const DEFAULT_ROTATION: RotationPolicy = {
  rotateEveryMs: 2_592_000_000,
  overlapMs: 172_800_000,
  announceMs: 3_600_000,
};

/** What is to be done to the keys, in this order. */
export type RotationStep =
  /** Make a key with the next higher id, which signs from then on. */
  | { readonly kind: 'announce'; readonly activeFromMs: number }
  /** Note when tokens of a key are no more accepted. */
  | { readonly kind: 'retire'; readonly keyId: number; readonly retireAtMs: number }
  /** Destroy a key whose tokens are refused already, and whose id is below that of the key that signs. */
  | { readonly kind: 'forget'; readonly keyId: number };

/** Which key does what at one moment. */
export interface KeyRoles {
  /** The key that signs; undefined only where there is none at all. */
  readonly current: number | undefined;
  /** The keys that are accepted beside it, by the time from which they sign: the earliest first. */
  readonly accepted: readonly number[];
}

/**
 * Checks a policy.
 *
 * @throws RtaError `RTA_TOKEN_ROTATION`
 */
export function checkRotationPolicy({ rotateEveryMs, overlapMs, announceMs }: RotationPolicy): void {
  const { overlapMinMs, announceMinMs } = TOKEN_LIMITS;
  if (!Number.isSafeInteger(overlapMs) || overlapMs < overlapMinMs) {
    throw tokenError(
      'RTA_TOKEN_ROTATION',
      `overlapMs must be ${overlapMinMs} or more: as long as a session lives`,
    );
  }
  if (!Number.isSafeInteger(announceMs) || announceMs < announceMinMs) {
    throw tokenError('RTA_TOKEN_ROTATION', `announceMs must be ${announceMinMs} or more`);
  }
  if (!Number.isSafeInteger(rotateEveryMs) || rotateEveryMs < overlapMs + announceMs) {
    throw tokenError(
      'RTA_TOKEN_ROTATION',
      `rotateEveryMs must be ${overlapMs + announceMs} or more: overlapMs and announceMs together`,
    );
  }
}

/**
 * Which key signs, and which are accepted.
 *
 * The newest key whose time has come signs. Where all such keys are retired an announced one begins early, and without
 * one the last key goes on after its time: a node that cannot sign could not push any change.
 */
export function keyRoles(keys: readonly KeySchedule[], nowMs: number): KeyRoles {
  const ordered = keys.toSorted(byTime);
  const live = ordered.filter((key) => !isRetired(key, nowMs));
  const active = ({ activeFromMs }: KeySchedule): boolean => activeFromMs <= nowMs;
  const current = live.findLast(active) ?? live[0] ?? ordered.findLast(active) ?? ordered.at(-1);
  return {
    current: current?.keyId,
    accepted: live.filter((key) => key !== current).map(({ keyId }) => keyId),
  };
}

/**
 * What scheduled rotation asks for now. Plans with what it reads, so that any number of nodes may plan for the same
 * keys: each step is right, or not asked for any more, once another node has taken it. Ask again every now and then.
 *
 * A key goes from announced to current to accepted, and then away. It signs only after it was accepted for
 * `announceMs`; only the first key of all, and one after a revocation that left no other, sign at once.
 *
 * @throws RtaError `RTA_TOKEN_ROTATION` for a policy that cannot be.
 */
export function planRotation(
  keys: readonly KeySchedule[],
  policy: RotationPolicy,
  nowMs: number,
): readonly RotationStep[] {
  checkRotationPolicy(policy);
  const ordered = keys.toSorted(byTime);
  const roles = keyRoles(keys, nowMs);
  const current = ordered.find(({ keyId }) => keyId === roles.current);
  if (current === undefined) return [{ kind: 'announce', activeFromMs: nowMs }];

  const steps: RotationStep[] = [];
  const later = ordered.filter((key) => byTime(key, current) > 0 && !isRetired(key, nowMs));
  let successorFromMs = later[0]?.activeFromMs;
  if (successorFromMs === undefined) {
    // A retirement that was noted for a successor which is gone brings the next one closer.
    const dueMs = Math.min(
      current.activeFromMs + policy.rotateEveryMs,
      (current.retireAtMs ?? Number.POSITIVE_INFINITY) - policy.overlapMs,
    );
    if (nowMs >= dueMs - policy.announceMs) {
      successorFromMs = Math.max(dueMs, nowMs + policy.announceMs);
      steps.push({ kind: 'announce', activeFromMs: successorFromMs });
    }
  }
  for (const [index, key] of ordered.entries()) {
    const { keyId, retireAtMs } = key;
    if (key !== current && isRetired(key, nowMs)) {
      // The highest id stays, so that no other key gets it (T-3.1).
      if (keyId < current.keyId) steps.push({ kind: 'forget', keyId });
    } else if (byTime(key, current) <= 0) {
      const nextFromMs = key === current ? successorFromMs : ordered[index + 1]?.activeFromMs;
      if (nextFromMs === undefined) continue;
      const overMs = nextFromMs + policy.overlapMs;
      // The signing key must not go before its successor's time, whatever was noted for an earlier successor.
      const mustWait = key === current && retireAtMs !== undefined && retireAtMs < overMs;
      if (retireAtMs === undefined || mustWait) steps.push({ kind: 'retire', keyId, retireAtMs: overMs });
    }
  }
  return steps;
}

/** Of two keys with one time, the one with the higher id is the later one. */
const byTime = (a: KeySchedule, b: KeySchedule): number =>
  a.activeFromMs - b.activeFromMs || a.keyId - b.keyId;

const isRetired = ({ retireAtMs }: KeySchedule, nowMs: number): boolean =>
  retireAtMs !== undefined && retireAtMs <= nowMs;
