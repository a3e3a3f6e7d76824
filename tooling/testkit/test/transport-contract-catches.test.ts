import { createMemoryTransportPair, type StreamHandlers, type TransportStream } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import { TRANSPORT_CHECKS } from '../src/index.ts';
import { type Fault, inConnections, inHandlers, inStreams, replace } from './transport-faults.ts';

const nothing = (): void => {};

/** Which check catches which broken transport. */
const CASES: readonly (readonly [broken: string, check: string, fault: Fault])[] = [
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
        pause: () => (paused = true) && undefined,
        resume: () => (paused = false) || undefined,
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
        write: (bytes) => (used = true) && stream.write(bytes),
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
      const spare = inner.openStream();
      return {
        openStream: () => {
          try {
            return inner.openStream();
          } catch {
            return spare;
          }
        },
      };
    }),
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

const never = new Promise<never>(() => {});

/** Cuts a chunk into the arrays that were written, and gives those. */
function giveOriginals(handlers: StreamHandlers, written: Uint8Array[], chunk: Uint8Array): void {
  for (let rest = chunk.byteLength; rest > 0; ) {
    const next = written.shift() ?? new Uint8Array(rest);
    handlers.onData(next);
    rest -= next.byteLength;
  }
}

/** A stream that never holds the peer back, and gives what it hoarded from inside `resume`. */
function hoard(stream: TransportStream): Partial<TransportStream> {
  let current: StreamHandlers | undefined;
  let paused = false;
  const kept: Uint8Array[] = [];
  return {
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      for (const chunk of kept.splice(0)) current?.onData(chunk);
    },
    setHandlers: (handlers) => {
      current = handlers;
      const keep = (chunk: Uint8Array): void => (paused ? void kept.push(chunk) : handlers.onData(chunk));
      stream.setHandlers({
        onData: keep,
        onEnd: () => handlers.onEnd?.(),
        onReset: (code) => handlers.onReset?.(code),
        onWritable: () => handlers.onWritable?.(),
      });
    },
  };
}

const checkNamed = (name: string) => {
  const check = TRANSPORT_CHECKS.find((one) => one.name === name);
  if (check === undefined) throw new Error(`no check is called "${name}"`);
  return check;
};

describe('the transport contract catches a transport that', () => {
  for (const [broken, check, fault] of CASES) {
    test(`${broken} (${check})`, async () => {
      const run = checkNamed(check).run({
        name: broken,
        patienceMs: 500,
        open: async (limits) => {
          const { client, server } = fault(limits);
          return {
            client,
            server,
            close: async () => void (await Promise.all([client.close(), server.close()])),
          };
        },
      });
      await expect(run).rejects.toThrow();
    });
  }
});

test('every check of the transport contract has caught something', () => {
  const proven = new Set(CASES.map(([, check]) => check));
  expect(TRANSPORT_CHECKS.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([]);
});
