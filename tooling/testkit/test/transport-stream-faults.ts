import { createMemoryTransportPair, type TransportStream } from '@rta/transport';
import {
  type FaultCase,
  giveOriginals,
  hoard,
  inConnections,
  inHandlers,
  inStreams,
  replace,
} from './transport-faults.ts';

const nothing = (): void => {};

/** Transports whose streams lose, mix up or hold what they carry. */
export const STREAM_FAULTS: readonly FaultCase[] = [
  [
    'swaps what is written in two goes',
    'bytes arrive in order in both directions',
    inStreams((stream) => {
      let kept: Uint8Array | undefined;
      return {
        write: (bytes) => {
          if (kept === undefined) {
            kept = bytes;
            return true;
          }
          stream.write(bytes);
          const accepts = stream.write(kept);
          kept = undefined;
          return accepts;
        },
      };
    }),
  ],
  [
    'loses every tenth write',
    'bytes arrive in order in both directions',
    inStreams((stream) => {
      let count = 0;
      return { write: (bytes) => (++count % 10 === 0 ? true : stream.write(bytes)) };
    }),
  ],
  [
    'sends every tenth write twice',
    'bytes arrive in order in both directions',
    inStreams((stream) => {
      let count = 0;
      return { write: (bytes) => (++count % 10 === 0 && stream.write(bytes), stream.write(bytes)) };
    }),
  ],
  [
    'calls a stream by another id at the far end',
    'either side opens streams, and both ends know a stream by the same id',
    inStreams((stream, end) => (end === 'far' ? { id: stream.id + 1 } : {})),
  ],
  [
    'has one id for all streams',
    'either side opens streams, and both ends know a stream by the same id',
    inStreams(() => ({ id: 4 })),
  ],
  [
    'writes to the stream that was opened before',
    'many streams at once keep their bytes apart',
    inConnections((inner) => {
      let previous: TransportStream | undefined;
      return {
        openStream: () => {
          const stream = inner.openStream();
          const other = previous;
          previous = stream;
          return other === undefined || stream.id % 80 !== 0
            ? stream
            : replace(stream, { write: (bytes) => other.write(bytes) });
        },
      };
    }),
  ],
  [
    'shows the last of several new streams only',
    'a stream shows itself with its first bytes, and with it those opened before',
    inConnections((inner) => ({
      onStream: (handler) => {
        let last: TransportStream | undefined;
        inner.onStream((stream) => {
          if (last === undefined)
            setImmediate(() => last !== undefined && (handler(last), (last = undefined)));
          last = stream;
        });
      },
    })),
  ],
  [
    'leaves a stream dumb that was shown with a later one',
    'a stream that was shown with a later one carries bytes like any other',
    inConnections((inner, side) => {
      let count = 0;
      return {
        onStream: (handler) =>
          inner.onStream((stream) =>
            handler(side === 'server' && ++count === 1 ? replace(stream, { write: () => true }) : stream),
          ),
      };
    }),
  ],
  [
    'answers an end with an end',
    'one direction ends while the other goes on',
    inHandlers(({ onEnd }, stream) => ({ onEnd: () => (onEnd(), stream.end()) })),
  ],
  [
    'tells the end twice',
    'one direction ends while the other goes on',
    inHandlers(({ onEnd }) => ({ onEnd: () => (onEnd(), onEnd()) })),
  ],
  [
    'tells the end before the last chunk',
    'the end comes after the last byte, and nothing after the end',
    inHandlers(({ onData, onEnd }) => {
      let last: Uint8Array | undefined;
      return {
        onData: (chunk) => {
          if (last !== undefined) onData(last);
          last = chunk;
        },
        onEnd: () => (onEnd(), last === undefined ? undefined : onData(last)),
      };
    }),
  ],
  [
    'never tells the end',
    'the end comes after the last byte, and nothing after the end',
    inHandlers(() => ({ onEnd: nothing })),
  ],
  [
    'gives an empty chunk with the end',
    'a stream that ends without bytes is told as an end, and no chunk is empty',
    inHandlers(({ onData, onEnd }) => ({ onEnd: () => (onData(new Uint8Array(0)), onEnd()) })),
  ],
  [
    'takes bytes after the end and drops them',
    'after its end a stream takes nothing, and a second end changes nothing',
    inStreams((stream) => {
      let ended = false;
      return {
        end: () => {
          ended = true;
          stream.end();
        },
        write: (bytes) => ended || stream.write(bytes),
      };
    }),
  ],
  [
    "gives the receiver the writer's array",
    'a chunk belongs to its receiver, and what was written to its writer',
    (limits) => {
      const written: Uint8Array[] = [];
      return inStreams((stream, end) =>
        end === 'near'
          ? { write: (bytes) => (bytes.byteLength > 1 && written.push(bytes), stream.write(bytes)) }
          : {
              setHandlers: (handlers) =>
                stream.setHandlers({
                  ...handlers,
                  onData: (chunk) => giveOriginals(handlers, written, chunk),
                }),
            },
      )(limits);
    },
  ],
  [
    'reads everything into one buffer',
    'no chunk is longer than the limit',
    inHandlers(({ onData }) => {
      const buffer = new Uint8Array(65_536);
      return {
        onData: (chunk) => {
          buffer.set(chunk);
          onData(buffer.subarray(0, chunk.byteLength));
        },
      };
    }),
  ],
  ['knows no limit of chunks', 'no chunk is longer than the limit', () => createMemoryTransportPair()],
  [
    'drops what comes before its handlers',
    'streams and data that come before their handlers wait for them',
    inConnections((inner) => ({
      onStream: (handler) =>
        inner.onStream((stream) => {
          stream.setHandlers({ onData: nothing });
          handler(stream);
        }),
    })),
  ],
  [
    'knows no limit of streams',
    'the peer limits how many streams are open, and allows more when some are over',
    () => createMemoryTransportPair(),
  ],
  [
    'counts all streams that ever were',
    'the peer limits how many streams are open, and allows more when some are over',
    inConnections((inner) => {
      let count = 0;
      return {
        openStream: () => {
          const stream = inner.openStream();
          count += 1;
          if (count <= 4) return stream;
          throw new Error('no more');
        },
      };
    }),
  ],
  [
    'never says that it can go on',
    'a large transfer arrives whole through bounded buffers',
    inHandlers(() => ({ onWritable: nothing })),
  ],
  [
    'reads on for a reader that pauses',
    'a reader that pauses hears nothing until it resumes, and then everything',
    inStreams(() => ({ pause: nothing })),
  ],
  [
    'loses what comes in a pause',
    'a reader that pauses hears nothing until it resumes, and then everything',
    inStreams((stream) => {
      let paused = false;
      return {
        pause: () => void (paused = true),
        resume: () => void (paused = false),
        setHandlers: (handlers) =>
          stream.setHandlers({
            ...handlers,
            onData: (chunk) => (paused ? undefined : handlers.onData(chunk)),
          }),
      };
    }),
  ],
  [
    'pauses a little later',
    'a reader that pauses while it is told of a chunk is told of no other',
    inStreams((stream) => ({ pause: () => void setImmediate(() => stream.pause()) })),
  ],
  [
    'keeps everything for a reader that pauses',
    'a reader that pauses holds the writer back',
    inStreams((stream) => hoard(stream)),
  ],
  [
    'says twice that it can go on',
    'a reader that pauses holds the writer back',
    inHandlers(({ onWritable }) => ({ onWritable: () => (onWritable(), onWritable()) })),
  ],
  [
    'takes half of what it refuses',
    'the buffer has a hard limit, and what it refuses is not sent',
    inStreams((stream) => ({
      write: (bytes) => {
        const half = bytes.byteLength >> 1;
        stream.write(bytes.subarray(0, half));
        return stream.write(bytes.subarray(half));
      },
    })),
  ],
  [
    'takes more than its hard limit',
    'the buffer has a hard limit, and what it refuses is not sent',
    () => createMemoryTransportPair({ maxBufferedBytes: 8_000_000 }),
  ],
  [
    'takes a large array piece by piece',
    'one array above the hard limit is refused whole',
    inStreams((stream) => ({
      write: (bytes) => {
        let accepts = true;
        for (let at = 0; at < bytes.byteLength; at += 1_000)
          accepts = stream.write(bytes.subarray(at, at + 1_000));
        return accepts;
      },
    })),
  ],
  [
    'pauses all streams with one',
    'a stream that is held back does not hold back the others',
    inConnections((inner) => {
      const all: TransportStream[] = [];
      return {
        onStream: (handler) =>
          inner.onStream((stream) => {
            all.push(stream);
            handler(replace(stream, { pause: () => all.forEach((one) => one.pause()) }));
          }),
      };
    }),
  ],
];
