import type { Clock } from '@rta/core';
import {
  type AuthorizeRequest,
  createFrameDecoder,
  type DecisionMessage,
  decodeDecision,
  encodeAuthorize,
  FRAME,
  type Frame,
  protocolError,
} from '@rta/protocol';
import type { TransportConnection } from '@rta/transport';
import { sdkError } from './errors.ts';
import { SDK_LIMITS } from './limits.ts';
import { createPendingRequests, type PendingRequests } from './pending-requests.ts';

/** The lanes of a connection: a few streams for many decisions, so that loss on one does not hold the others. */
export interface DecisionLanes {
  /** @throws RtaError `RTA_SDK_TIMEOUT`, `RTA_SDK_OVERLOAD`, `RTA_SDK_DISCONNECTED`; `RTA_PROTOCOL_MESSAGE` */
  ask(request: AuthorizeRequest): Promise<DecisionMessage>;
  failAll(error: Error): void;
}

interface Lane {
  readonly pending: PendingRequests<DecisionMessage>;
  ask(request: AuthorizeRequest): Promise<DecisionMessage>;
}

/** Makes the lanes of a connection; the first opens with the first question. */
export function createDecisionLanes(options: {
  readonly connection: TransportConnection;
  readonly clock: Clock;
  readonly onFailed: (error: unknown) => void;
}): DecisionLanes {
  const lanes: Lane[] = [];
  let failure: Error | undefined;

  const openLane = (): Lane => {
    const stream = options.connection.openStream();
    const pending = createPendingRequests<DecisionMessage>(options.clock);
    const decoder = createFrameDecoder();
    /** The server ended this lane alone: what waits on it gets no answer any more, and the others go on. */
    const giveUp = (): void => {
      lanes.splice(lanes.indexOf(lane), 1);
      pending.failAll(sdkError('RTA_SDK_DISCONNECTED', 'the server ended the lane'));
    };
    const onFrame = ({ type, requestId, body }: Frame): void => {
      if (type !== FRAME.decision) throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME');
      pending.answer(requestId, decodeDecision(body));
    };
    stream.setHandlers({
      onData(chunk) {
        try {
          decoder.push(chunk, onFrame);
        } catch (error) {
          options.onFailed(error);
        }
      },
      onEnd: () => {
        stream.end();
        giveUp();
      },
      onReset: giveUp,
    });
    const lane: Lane = {
      pending,
      ask: (request) =>
        pending.ask((requestId) => {
          stream.write(encodeAuthorize(requestId, request));
        }),
    };
    lanes.push(lane);
    return lane;
  };

  /** The lane with the least to do; another one when all are busy. */
  const chooseLane = (): Lane => {
    let best: Lane | undefined;
    for (const lane of lanes) if (best === undefined || lane.pending.size < best.pending.size) best = lane;
    if (best === undefined) return openLane();
    const busy = best.pending.size >= SDK_LIMITS.decisionsPerLane;
    return busy && lanes.length < SDK_LIMITS.maxLanes ? openLane() : best;
  };

  return {
    async ask(request) {
      if (failure !== undefined) throw failure;
      return chooseLane().ask(request);
    },
    failAll(error) {
      failure = error;
      for (const { pending } of lanes) pending.failAll(error);
    },
  };
}
