import type { StreamHandlers, TransportStream } from '@rta/transport';
import { type FaultCase, hoard, inConnections, inHandlers, inStreams } from './transport-faults.ts';

const nothing = (): void => {};
const never = new Promise<never>(() => {});

/** Transports whose streams and connections end wrongly. */
export const ENDING_FAULTS: readonly FaultCase[] = [
  [
    'loses the code of a reset',
    'a reset reaches the peer with its code, and ends both directions',
    inHandlers(({ onReset }) => ({ onReset: () => onReset(0) })),
  ],
  [
    'tells a reset to the one who made it',
    'a reset reaches the peer with its code, and ends both directions',
    inStreams((stream) => {
      let current: StreamHandlers | undefined;
      return {
        setHandlers: (handlers) => {
          current = handlers;
          stream.setHandlers(handlers);
        },
        reset: (code) => {
          stream.reset(code);
          setImmediate(() => current?.onReset?.(code));
        },
      };
    }),
  ],
  [
    'does not show a stream that is reset unused',
    'a stream that is reset before anything was written shows itself as reset',
    inStreams((stream) => {
      let used = false;
      return {
        write: (bytes) => ((used = true), stream.write(bytes)),
        reset: (code) => (used ? stream.reset(code) : undefined),
      };
    }),
  ],
  [
    'does not reset what has ended',
    'a reset is heard by a peer that only waits to answer',
    inStreams((stream) => {
      let ended = false;
      return {
        end: () => ((ended = true), stream.end()),
        reset: (code) => (ended ? undefined : stream.reset(code)),
      };
    }),
  ],
  [
    'tells no reset to who has ended',
    'a reset is heard by a peer that has ended its side',
    inStreams((stream) => {
      let ended = false;
      return {
        end: () => ((ended = true), stream.end()),
        setHandlers: (handlers) =>
          stream.setHandlers({
            ...handlers,
            onEnd: () => handlers.onEnd?.(),
            onReset: (code) => (ended ? undefined : handlers.onReset?.(code)),
          }),
      };
    }),
  ],
  [
    'tells no reset to who pauses',
    'a reset is heard by a reader that pauses',
    inStreams((stream) => {
      let paused = false;
      return {
        pause: () => ((paused = true), stream.pause()),
        setHandlers: (handlers) =>
          stream.setHandlers({
            ...handlers,
            onData: (chunk) => handlers.onData(chunk),
            onReset: (code) => (paused ? undefined : handlers.onReset?.(code)),
          }),
      };
    }),
  ],
  [
    'keeps its buffer after a reset',
    'a reset stops a writer that is held back',
    inStreams((stream) => {
      let total = 0;
      return {
        write: (bytes) => ((total += bytes.byteLength), stream.write(bytes)),
        get bufferedBytes() {
          return total;
        },
      };
    }),
  ],
  [
    'forgets a reset that nobody was there to hear',
    'a reset waits for handlers that are set late',
    inConnections((inner) => ({
      onStream: (handler) =>
        inner.onStream((stream) => {
          stream.setHandlers({ onData: nothing });
          handler(stream);
        }),
    })),
  ],
  [
    'tells a reset twice',
    'a second reset changes nothing',
    inHandlers(({ onReset }) => ({ onReset: (code) => (onReset(code), onReset(code)) })),
  ],
  [
    'closes the connection with a stream',
    'resets leave the other streams as they are',
    inStreams((stream, _end, connection) => ({
      reset: (code) => {
        stream.reset(code);
        void connection.close(code);
      },
    })),
  ],
  [
    'makes a code of anything',
    'a code that is no code is refused',
    inStreams((stream) => ({ reset: (code) => stream.reset(Math.abs(Math.trunc(code)) % 2 ** 50 || 0) })),
  ],
  [
    'loses the reason',
    'a close reaches the peer with its code and reason',
    inConnections((inner) => ({ close: (code) => inner.close(code) })),
  ],
  [
    'closes with 1 unless told otherwise',
    'a close says 0 and nothing unless told otherwise',
    inConnections((inner) => ({ close: (code = 1, reason = '') => inner.close(code, reason) })),
  ],
  [
    'takes the last close for the one that counts',
    'a second close changes nothing',
    inConnections((inner) => {
      let last = { code: 0, reason: '' };
      return {
        close: (code = 0, reason = '') => ((last = { code, reason }), inner.close(code, reason)),
        get closed() {
          return inner.closed.then((info) => (info.by === 'local' ? { ...info, ...last } : info));
        },
      };
    }),
  ],
  [
    'never settles `closed` at the peer',
    'a close reaches the peer with its code and reason',
    inConnections((inner, side) =>
      side === 'server' ? {} : { closed: inner.closed.then((info) => (info.by === 'peer' ? never : info)) },
    ),
  ],
  [
    'blames the peer for every close',
    'both sides may close at once',
    inConnections((inner) => ({ closed: inner.closed.then((info) => ({ ...info, by: 'peer' as const })) })),
  ],
  [
    'cuts reasons in the middle of a character',
    'a reason that is too long is cut at a character',
    inConnections((inner) => ({
      closed: inner.closed.then((info) => ({ ...info, reason: `${info.reason.slice(0, -1)}\u{fffd}` })),
    })),
  ],
  [
    'ends its streams when it closes',
    'open streams are reset with the close code on both sides',
    inHandlers(({ onEnd }) => ({ onReset: () => onEnd() })),
  ],
  [
    'opens streams on a closed connection',
    'after the close nothing is taken',
    inConnections((inner) => {
      let last = inner.openStream;
      return {
        openStream: () => {
          try {
            const stream = inner.openStream();
            last = () => stream;
            return stream;
          } catch {
            return last();
          }
        },
      };
    }),
  ],
  [
    'gives what it has left after a reset',
    'a handler may close the connection, and then hears of resets only',
    inHandlers(({ onData, onReset }) => ({ onReset: (code) => (onReset(code), onData(Uint8Array.of(0))) })),
  ],
  [
    'does not close at disposal',
    '`await using` closes',
    inConnections(() => ({ [Symbol.asyncDispose]: async () => {} })),
  ],
  [
    'has a channel binding for each end',
    'both ends see the same channel binding of 32 bytes',
    inConnections((_inner, side) => ({ channelBinding: new Uint8Array(32).fill(side === 'client' ? 1 : 2) })),
  ],
  [
    'has no channel binding',
    'both ends see the same channel binding of 32 bytes',
    inConnections(() => ({ channelBinding: new Uint8Array(32) })),
  ],
  [
    'names a protocol for each end',
    'both ends name the application protocol that they agreed on',
    inConnections((_inner, side) => ({ protocol: side })),
  ],
  [
    'names no protocol',
    'both ends name the application protocol that they agreed on',
    inConnections(() => ({ protocol: '' })),
  ],
  [
    'calls both ends the same',
    'the ends have ids of their own, and name their peer',
    inConnections(() => ({ id: 'x' })),
  ],
  [
    'tells from inside `resume`',
    'no handler is called from inside a call',
    inStreams((stream) => hoard(stream)),
  ],
  [
    'offers streams from inside `onStream`',
    'no handler is called from inside a call',
    inConnections((inner) => {
      const early: TransportStream[] = [];
      let offer = (stream: TransportStream): unknown => early.push(stream);
      inner.onStream((stream) => void offer(stream));
      return {
        onStream: (handler) => {
          offer = handler;
          early.forEach(handler);
        },
      };
    }),
  ],
];
