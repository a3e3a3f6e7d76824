import { isRtaError, parseSessionId, type SessionId } from '@rta/core';
import { CLOSE_CODE, createFrameDecoder, decodeAck, type Frame } from '@rta/protocol';
import type { TransportConnection, TransportStream } from '@rta/transport';
import { closeReasonOf } from './close-reason.ts';
import { assertMayBeEarly } from './early-data.ts';

/** The push streams of one connection: one per session, opened when there is something to say. */
export interface PushStreams {
  /**
   * Sends a frame; false where the connection does not take it any more.
   *
   * @param isLast - nothing will be said of the session after this: its stream ends, and makes room for another.
   */
  push(session: SessionId, frame: Uint8Array, isLast: boolean): boolean;
}

/**
 * Makes the push streams of a connection. A peer that takes no streams, does not read, or answers with anything but
 * acknowledgements loses its connection: an agent that cannot be told must not go on.
 */
export function createPushStreams(
  connection: TransportConnection,
  onAcknowledged: (session: SessionId, generation: number) => void,
): PushStreams {
  const streams = new Map<SessionId, TransportStream>();

  const onFrame = (frame: Frame): void => {
    assertMayBeEarly(connection, frame);
    const { session, generation } = decodeAck(frame);
    onAcknowledged(parseSessionId(session), generation);
  };

  const open = (session: SessionId): TransportStream => {
    const stream = connection.openStream();
    const decoder = createFrameDecoder();
    const forget = (): void => {
      if (streams.get(session) === stream) streams.delete(session);
    };
    stream.setHandlers({
      onData(chunk) {
        try {
          decoder.push(chunk, onFrame);
        } catch (error) {
          void connection.close(...closeReasonOf(error));
        }
      },
      onEnd() {
        forget();
        try {
          decoder.end();
        } catch (error) {
          return void connection.close(...closeReasonOf(error));
        }
        stream.end();
      },
      onReset: forget,
    });

    streams.set(session, stream);
    return stream;
  };

  return {
    push(session, frame, isLast) {
      try {
        const stream = streams.get(session) ?? open(session);
        stream.write(frame);
        if (isLast) {
          streams.delete(session);
          stream.end();
        }
        return true;
      } catch (error) {
        const slow = isRtaError(error, 'RTA_TRANSPORT_BUFFER_FULL');
        void connection.close(
          slow ? CLOSE_CODE.slowReader : CLOSE_CODE.limit,
          slow ? 'pushes are not read' : 'no push stream can be opened',
        );
        return false;
      }
    },
  };
}
