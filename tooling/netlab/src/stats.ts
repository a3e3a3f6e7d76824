import { memberOf } from './json-member.ts';

/**
 * What became of the packets of one direction since the laboratory was opened:
 * arrived + duplicated = delivered + waiting + lost + overflowed + blocked + undeliverable.
 */
export interface DirectionStats {
  /** IPv4 packets that this side has sent. */
  readonly arrivedPackets: number;
  /** Their bytes, IP headers included. */
  readonly arrivedBytes: number;
  /** Given to the other side. */
  readonly deliveredPackets: number;
  /** On their way. */
  readonly waitingPackets: number;
  /** Lost by `lossRatio`. */
  readonly lostPackets: number;
  /** Dropped because a queue was full: the link's, or all that may be on its way at once. */
  readonly overflowedPackets: number;
  /** Copies made by `duplicateRatio`. */
  readonly duplicatedPackets: number;
  /** Sent ahead by `reorderRatio`. */
  readonly reorderedPackets: number;
  /** Dropped by `blockUdp`. */
  readonly blockedPackets: number;
  /** Of no flow that the address translation knows. */
  readonly undeliverablePackets: number;
  /**
   * Lost in the device before the relay could read them, and not in `arrivedPackets`. Anything but 0 says that the
   * relay was the bottleneck: the figures of such a run are of no use.
   */
  readonly overrunPackets: number;
  /** How much later than due the relay delivered, on average. It is part of what both sides see as delay. */
  readonly meanLateMs: number;
  /** The worst of that. */
  readonly maxLateMs: number;
}

/** Both directions: `up` from the client to the server, `down` back. */
export interface NetlabStats {
  readonly up: DirectionStats;
  readonly down: DirectionStats;
}

/** Reads what the relay answers. @throws TypeError for anything else. */
export function statsFrom(answer: unknown): NetlabStats {
  return { up: directionStats(memberOf(answer, 'up')), down: directionStats(memberOf(answer, 'down')) };
}

function directionStats(answer: unknown): DirectionStats {
  const figure = (name: keyof DirectionStats): number => {
    const value = memberOf(answer, name);
    if (typeof value !== 'number') throw new TypeError(`the relay gave no ${name}`);
    return value;
  };
  return {
    arrivedPackets: figure('arrivedPackets'),
    arrivedBytes: figure('arrivedBytes'),
    deliveredPackets: figure('deliveredPackets'),
    waitingPackets: figure('waitingPackets'),
    lostPackets: figure('lostPackets'),
    overflowedPackets: figure('overflowedPackets'),
    duplicatedPackets: figure('duplicatedPackets'),
    reorderedPackets: figure('reorderedPackets'),
    blockedPackets: figure('blockedPackets'),
    undeliverablePackets: figure('undeliverablePackets'),
    overrunPackets: figure('overrunPackets'),
    meanLateMs: figure('meanLateMs'),
    maxLateMs: figure('maxLateMs'),
  };
}
