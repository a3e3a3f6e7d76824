import type { Clock, SessionId } from '@rta/core';
import {
  CLOSE_CODE,
  createFrameDecoder,
  encodeMessage,
  FRAME,
  type Frame,
  protocolError,
} from '@rta/protocol';
import type { TransportConnection, TransportStream } from '@rta/transport';
import { originOf } from '../audit/audit-record.ts';
import type { Decider } from '../decide/decider.ts';
import { lifecycleChannel, reportFault } from '../diagnostics.ts';
import { serverError } from '../errors.ts';
import { SERVER_LIMITS } from '../limits.ts';
import { closeReasonOf } from './close-reason.ts';
import { type ControlOptions, createControlStream } from './control-stream.ts';
import { assertMayBeEarly } from './early-data.ts';
import { createLane, type Lane } from './lane.ts';
import { createPushStreams, type PushStreams } from './push-streams.ts';

/** The application protocol of agents (docs/spec/protocol.md P-1.1). */
export const AGENT_ALPN = 'rta/1';

/** One connection of agents, as the server sees it. */
export interface AgentConnection {
  readonly id: string;
  readonly push: PushStreams['push'];
  /** Tells the agents to go elsewhere. */
  sayGoodbye(reason: string, withinMs: number): void;
  close(code: number, reason: string): Promise<void>;
  /** Settled when it is gone. */
  readonly closed: Promise<unknown>;
}

/** What a connection works with. */
export interface AgentConnectionOptions extends Omit<ControlOptions, 'connection' | 'write' | 'onFailed'> {
  readonly decider: Decider;
  readonly clock: Clock;
  readonly onAcknowledged: (session: SessionId, generation: number) => void;
}

/**
 * Serves one connection: the first frame of a stream says what the stream is for (docs/spec/protocol.md P-2.2).
 * Whatever breaks the protocol closes this connection, and no other one notices.
 */
export function serveConnection(
  connection: TransportConnection,
  options: AgentConnectionOptions,
): AgentConnection {
  const { clock, decider, sessions } = options;
  const origin = originOf(connection);
  const pushes = createPushStreams(connection, options.onAcknowledged);
  let control: TransportStream | undefined;
  let lanes = 0;

  const fail = (error: unknown): void => {
    const [code, reason] = closeReasonOf(error);
    void connection.close(code, reason);
  };

  const helloTimer = clock.after(SERVER_LIMITS.helloTimeoutMs, () => {
    void connection.close(CLOSE_CODE.handshakeTimeout, 'no HELLO in time');
  });

  const openControl = (stream: TransportStream): ((frame: Frame) => void) => {
    if (control !== undefined) {
      throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME', 'there is a control stream already');
    }
    control = stream;
    helloTimer.cancel();
    const handler = createControlStream({
      ...options,
      connection,
      write: (frame) => {
        // Answers are as many as questions, and questions in flight are limited: no backpressure is needed.
        stream.write(frame);
      },
      onFailed: fail,
    });
    return handler.onFrame;
  };

  connection.onStream((stream) => {
    const decoder = createFrameDecoder();
    let onFrame: ((frame: Frame) => void) | undefined;
    let lane: Lane | undefined;

    const begin = (frame: Frame): ((frame: Frame) => void) => {
      if (frame.type === FRAME.hello) return openControl(stream);
      if (frame.type !== FRAME.authorize && frame.type !== FRAME.resume) {
        throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME');
      }
      if (lanes >= SERVER_LIMITS.maxLanesPerConnection) {
        throw serverError('RTA_SERVER_OVERLOAD', 'too many lanes');
      }
      lanes += 1;
      lane = createLane({
        stream,
        decider,
        resume: (message) => sessions.resume(message, connection),
        origin,
        onEnded: () => {
          lanes -= 1;
        },
        onFailed: fail,
      });
      return lane.onFrame;
    };

    // The control stream carries the connection: without it there is nobody to talk to.
    const closed = (): void => {
      if (stream === control) void connection.close(CLOSE_CODE.none, 'the control stream ended');
    };

    stream.setHandlers({
      onData(chunk) {
        try {
          decoder.push(chunk, (frame) => {
            assertMayBeEarly(connection, frame);
            onFrame ??= begin(frame);
            onFrame(frame);
          });
          lane?.flush();
        } catch (error) {
          fail(error);
        }
      },
      onEnd() {
        try {
          decoder.end();
        } catch (error) {
          return fail(error);
        }
        if (lane === undefined) stream.end();
        else lane.onEnd();
        closed();
      },
      onReset() {
        lane?.onReset();
        closed();
      },
      onWritable: () => lane?.onWritable(),
    });
  });

  void connection.closed.then(() => helloTimer.cancel());
  lifecycleChannel.publish({ kind: 'connection-opened', connection: connection.id });

  return {
    id: connection.id,
    push: pushes.push,
    sayGoodbye(reason, withinMs) {
      try {
        control?.write(encodeMessage('goaway', 0, { reason, withinMs }));
      } catch (error) {
        reportFault('connection', error);
      }
    },
    close: (code, reason) => connection.close(code, reason),
    closed: connection.closed,
  };
}
