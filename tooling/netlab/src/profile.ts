import { NETLAB_LIMITS } from './limits.ts';

/**
 * What one direction of the path does to packets, in this order: queue, rate, loss, delay. What is left out does
 * nothing: `{}` is a perfect link.
 */
export interface LinkProfile {
  /** How long each packet is on its way, one way: a round trip takes twice this where both directions have it. */
  readonly delayMs?: number;
  /** Up to so much more, evenly spread. It never changes the order: a packet waits for the one before it. */
  readonly jitterMs?: number;
  /** Share of packets that are lost, 0 to 1, each by its own. */
  readonly lossRatio?: number;
  /** Share of packets that skip the delay and so overtake those before them, 0 to 1. Needs a delay. */
  readonly reorderRatio?: number;
  /** Share of packets that arrive twice, 0 to 1. */
  readonly duplicateRatio?: number;
  /** What the link carries in a second, IP headers included; without it, everything. */
  readonly rateBitsPerSecond?: number;
  /** Packets that may wait for the link; more are dropped. Default 1000. Needs a rate. */
  readonly queuePackets?: number;
}

/** A profile with everything in it, as the relay takes it. */
export type FullProfile = Required<Omit<LinkProfile, 'rateBitsPerSecond'>> &
  Pick<LinkProfile, 'rateBitsPerSecond'>;

/**
 * Checks a profile and fills in what it leaves out.
 *
 * @throws RangeError for what no link can do.
 */
export function fullProfile(profile: LinkProfile): FullProfile {
  const { rateBitsPerSecond } = profile;
  const full: FullProfile = {
    delayMs: profile.delayMs ?? 0,
    jitterMs: profile.jitterMs ?? 0,
    lossRatio: profile.lossRatio ?? 0,
    reorderRatio: profile.reorderRatio ?? 0,
    duplicateRatio: profile.duplicateRatio ?? 0,
    queuePackets: profile.queuePackets ?? NETLAB_LIMITS.queuePackets,
    ...(rateBitsPerSecond === undefined ? {} : { rateBitsPerSecond }),
  };
  for (const name of ['delayMs', 'jitterMs'] as const) {
    if (!(full[name] >= 0 && Number.isFinite(full[name]))) {
      throw new RangeError(`${name} is a time of 0 or more, not ${full[name]}`);
    }
  }
  for (const name of ['lossRatio', 'reorderRatio', 'duplicateRatio'] as const) {
    if (!(full[name] >= 0 && full[name] <= 1)) {
      throw new RangeError(`${name} is a share between 0 and 1, not ${full[name]}`);
    }
  }
  if (full.reorderRatio > 0 && full.delayMs + full.jitterMs === 0) {
    throw new RangeError('reorderRatio needs delayMs: without a delay there is nobody to overtake');
  }
  if (rateBitsPerSecond !== undefined && !(rateBitsPerSecond > 0 && Number.isFinite(rateBitsPerSecond))) {
    throw new RangeError(`rateBitsPerSecond is above 0, not ${rateBitsPerSecond}`);
  }
  if (!Number.isSafeInteger(full.queuePackets) || full.queuePackets < 1) {
    throw new RangeError(`queuePackets is a whole number of 1 or more, not ${full.queuePackets}`);
  }
  if (profile.queuePackets !== undefined && rateBitsPerSecond === undefined) {
    throw new RangeError('queuePackets needs rateBitsPerSecond: without a rate nothing queues');
  }
  return full;
}
