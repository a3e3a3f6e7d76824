import {
  createFrameDecoder,
  decodeMessage,
  encodeMessage,
  FRAME,
  type Frame,
  protocolError,
} from '@rta/protocol';
import type { TransportStream } from '@rta/transport';
import type { LinkedSession } from './create-agent-session.ts';

/**
 * Reads one push stream: hands each change to its session, then acknowledges it. The acknowledgement says that the
 * change is in force here: the token replaced, or the signal fired. What became of an approval changes nothing yet, and
 * is not acknowledged (P-7.8).
 */
export function receivePushes(options: {
  readonly stream: TransportStream;
  /**
   * Calls back with the session, undefined where it is not one of ours: at once, or when the answer to a BIND that is
   * on its way has come. Streams are not in order with one another, so a push can be faster than that answer.
   */
  readonly deliver: (session: string, apply: (linked: LinkedSession | undefined) => void) => void;
  readonly onEnded: (session: string) => void;
  readonly onFailed: (error: unknown) => void;
}): void {
  const { stream, deliver } = options;
  const decoder = createFrameDecoder();

  const onFrame = (frame: Frame): void => {
    if (frame.type === FRAME.context) {
      const message = decodeMessage('context', frame);
      deliver(message.session, (linked) => {
        linked?.onContext(message);
        acknowledge(frame.requestId, message);
      });
    } else if (frame.type === FRAME.revoked) {
      const message = decodeMessage('revoked', frame);
      deliver(message.session, (linked) => {
        linked?.onRevoked(message);
        acknowledge(frame.requestId, message);
        options.onEnded(message.session);
      });
    } else if (frame.type === FRAME.approval) {
      const message = decodeMessage('approval', frame);
      deliver(message.session, (linked) => linked?.onApproval(message));
    } else {
      throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME');
    }
  };

  const acknowledge = (
    requestId: number,
    { session, generation }: { readonly session: string; readonly generation: number },
  ): void => {
    try {
      stream.write(encodeMessage('ack', requestId, { session, generation }));
    } catch (error) {
      options.onFailed(error);
    }
  };

  stream.setHandlers({
    onData(chunk) {
      try {
        decoder.push(chunk, onFrame);
      } catch (error) {
        options.onFailed(error);
      }
    },
    onEnd: () => stream.end(),
  });
}
