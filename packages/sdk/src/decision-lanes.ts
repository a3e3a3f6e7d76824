import type { Clock } from '@rta/core';
import {
  type AuthorizeRequest,
  type DecisionMessage,
  encodeAuthorize,
  encodeMessage,
  type Messages,
} from '@rta/protocol';
import type { TransportConnection } from '@rta/transport';
import { type DecisionLane, openDecisionLane } from './decision-lane.ts';
import { SDK_LIMITS } from './limits.ts';

/** The lanes of a connection: a few streams for many decisions, so that loss on one does not hold the others. */
export interface DecisionLanes {
  /** @throws RtaError `RTA_SDK_TIMEOUT`, `RTA_SDK_OVERLOAD`, `RTA_SDK_DISCONNECTED`; `RTA_PROTOCOL_MESSAGE` */
  ask(request: AuthorizeRequest): Promise<DecisionMessage>;
  /**
   * Opens a lane with RESUME and, behind it in the same packet, a first question.
   *
   * @returns the two answers, each to be waited for; they reject as `ask`, and with `RTA_SDK_REFUSED`.
   */
  resume(message: Messages['resume'], first: AuthorizeRequest | undefined): Resumption;
  /** Resolves when nothing waits for an answer. */
  whenIdle(): Promise<void>;
  failAll(error: Error): void;
}

/** The answers to a RESUME, and to the question behind it. */
export interface Resumption {
  readonly bound: Promise<Messages['bound']>;
  readonly decision: Promise<DecisionMessage> | undefined;
}

/** Makes the lanes of a connection; the first opens with the first question. */
export function createDecisionLanes(options: {
  readonly connection: TransportConnection;
  readonly clock: Clock;
  readonly onFailed: (error: unknown) => void;
}): DecisionLanes {
  const lanes = new Set<DecisionLane>();
  let failure: Error | undefined;

  const openLane = (): DecisionLane => {
    const lane = openDecisionLane({ ...options, onEnded: () => void lanes.delete(lane) });
    lanes.add(lane);
    return lane;
  };

  /** The lane with the least to do; another one when all are busy. */
  const chooseLane = (): DecisionLane => {
    let best: DecisionLane | undefined;
    for (const lane of lanes) if (best === undefined || lane.size < best.size) best = lane;
    if (best === undefined) return openLane();
    const busy = best.size >= SDK_LIMITS.decisionsPerLane;
    return busy && lanes.size < SDK_LIMITS.maxLanes ? openLane() : best;
  };

  return {
    async ask(request) {
      if (failure !== undefined) throw failure;
      return chooseLane().ask((requestId) => encodeAuthorize(requestId, request));
    },
    resume(message, first) {
      if (failure !== undefined) throw failure;
      const lane = openLane();
      const bound = lane.resume((requestId) => encodeMessage('resume', requestId, message));
      const decision =
        first === undefined ? undefined : lane.ask((requestId) => encodeAuthorize(requestId, first));
      // Whoever gives the first answer up does not wait for the second.
      decision?.catch(() => undefined);
      return { bound, decision };
    },
    async whenIdle() {
      await Promise.all([...lanes].map((lane) => lane.whenIdle()));
    },
    failAll(error) {
      failure = error;
      for (const lane of lanes) lane.failAll(error);
    },
  };
}
