import { resolveTransportLimits, type TransportStream } from '@rta/transport';
import { describe, expect, test } from 'vitest';
import { ConnectionStreams } from '../src/connection-streams.ts';
import { FrameWriter } from '../src/frame-writer.ts';
import { type Frame, framesIn } from './frames.ts';

const KIB = 1_024;

/** The streams of a server, without a network: what they write is read here. */
function serverStreams(allowed: { streamWindow?: number; connectionWindow?: number; streams?: number } = {}) {
  const streams = new ConnectionStreams({
    role: 'server',
    limits: resolveTransportLimits({ maxStreamCount: 4 }),
    schedule: () => {},
    flushSoon: () => {},
  });
  streams.start({
    streamWindowBytes: allowed.streamWindow ?? 1_024 * KIB,
    connectionWindowBytes: allowed.connectionWindow ?? 4_096 * KIB,
    streamCount: allowed.streams ?? 100,
    idleTimeoutMs: 30_000,
  });
  const writer = new FrameWriter();
  /** The frames of the next message. */
  const message = (): Frame[] => {
    streams.writeMessage(writer);
    return writer.isEmpty ? [] : framesIn(writer.take());
  };
  /** What all messages until nothing is left to say amount to: `type stream bytes`. */
  const everything = (): string[] => {
    const said: string[] = [];
    while (streams.hasFrames) said.push(...message().map(summaryOf));
    return said;
  };
  return { streams, message, everything };
}

function summaryOf(frame: Frame): string {
  switch (frame.type) {
    case 'DATA':
    case 'END':
      return `${frame.type} ${frame.stream} ${frame.bytes.length / 2}`;
    case 'RESET':
      return `RESET ${frame.stream} ${frame.code}`;
    case 'STREAM_CREDIT':
      return `STREAM_CREDIT ${frame.stream} ${frame.credit}`;
    case 'CONNECTION_CREDIT':
    case 'STREAMS':
      return `${frame.type} ${frame.credit}`;
    default:
      return frame.type;
  }
}

/** The program takes the streams of the peer, and reads them. */
function reading(streams: ConnectionStreams): TransportStream[] {
  const taken: TransportStream[] = [];
  streams.onStream((stream) => {
    taken.push(stream);
    stream.setHandlers({ onData: () => {} });
  });
  return taken;
}

describe('streams that want to send', () => {
  test('have their turn one after the other, 16 KiB each [W-5.4]', () => {
    const { streams, everything } = serverStreams();
    const large = streams.open();
    large.write(new Uint8Array(100 * KIB));
    const small = streams.open();
    small.write(new Uint8Array(10));
    small.end();
    const middle = streams.open();
    middle.write(new Uint8Array(20 * KIB));
    const [first = '', second = '', third = '', fourth = '', fifth = ''] = everything();
    expect([first, second, third, fourth]).toEqual([
      'DATA 1 16384',
      'END 5 10',
      'DATA 9 16384',
      'DATA 1 16384',
    ]);
    expect(fifth).toBe('DATA 9 4096');
  });

  test('share one frame for what was written in pieces', () => {
    const { streams, everything } = serverStreams();
    const stream = streams.open();
    for (let index = 0; index < 32; index++) stream.write(new Uint8Array(128));
    stream.end();
    expect(everything()).toEqual(['END 1 4096']);
  });

  test('send no more than the stream has credit for, and go on with more [W-5.1]', () => {
    const { streams, everything } = serverStreams({ streamWindow: 10 });
    const stream = streams.open();
    stream.write(new Uint8Array(25));
    stream.end();
    expect(everything()).toEqual(['DATA 1 10']);
    streams.receiveStreamCredit(1, 14);
    expect(everything()).toEqual(['DATA 1 14']);
    streams.receiveStreamCredit(1, 100);
    expect(everything()).toEqual(['END 1 1']);
    expect(streams.size).toBe(1);
  });

  test('send no more than the connection has credit for, and go on in their order [W-5.1]', () => {
    const { streams, everything } = serverStreams({ connectionWindow: 20 });
    const [one, other, ended] = [streams.open(), streams.open(), streams.open()];
    one.write(new Uint8Array(15));
    other.write(new Uint8Array(15));
    ended.end();
    expect(everything()).toEqual(['DATA 1 15', 'DATA 5 5', 'END 9 0']);
    one.write(new Uint8Array(15));
    expect(everything()).toEqual([]);
    streams.receiveConnectionCredit(12);
    expect(everything()).toEqual(['DATA 5 10', 'DATA 1 2']);
  });
});

describe('what is owed to a peer', () => {
  test('is one sum, however often it grew before it could be sent', () => {
    const { streams, everything } = serverStreams();
    reading(streams);
    for (let count = 0; count < 12; count++) streams.receiveData(0, new Uint8Array(16 * KIB), false);
    expect(everything()).toEqual([`STREAM_CREDIT 0 ${192 * KIB}`]);
  });

  test('is nothing for a stream that has ended', () => {
    const { streams, everything } = serverStreams();
    reading(streams);
    for (let count = 0; count < 12; count++) streams.receiveData(0, new Uint8Array(16 * KIB), count === 11);
    expect(everything()).toEqual([]);
  });

  test('is credit of the connection also for what nobody read [W-5.3]', () => {
    const { streams, everything } = serverStreams();
    const taken: TransportStream[] = [];
    const said: string[] = [];
    streams.onStream((stream) => taken.push(stream));
    for (let round = 0; round < 8; round++) {
      for (let count = 0; count < 16; count++) {
        streams.receiveData(4 * round, new Uint8Array(16 * KIB), false);
        // Half of it was in the buffer when the program reset the stream, half came later.
        if (count === 7) taken.at(-1)?.reset(0);
      }
      said.push(...everything());
    }
    expect(said.slice(0, 4)).toEqual(['RESET 0 0', 'STREAMS 1', 'RESET 4 0', 'STREAMS 1']);
    expect(said.slice(-3)).toEqual(['RESET 28 0', `CONNECTION_CREDIT ${2_048 * KIB}`, 'STREAMS 1']);
    expect(said.length).toBe(17);
  });
});

describe('streams that are over', () => {
  test('make room for others once the program has seen them [W-4.5]', () => {
    const { streams, everything } = serverStreams();
    for (const id of [0, 4, 8, 12]) streams.receiveReset(id, 7);
    expect(everything()).toEqual([]);
    expect(() => streams.receiveReset(16, 7)).toThrow(
      expect.objectContaining({ code: 'RTA_WEBSOCKET_STREAM' }),
    );
    const codes: number[] = [];
    streams.onStream((stream) =>
      stream.setHandlers({ onData: () => {}, onReset: (code) => codes.push(code) }),
    );
    streams.offerUnclaimed();
    streams.serveAttended();
    expect(codes).toEqual([7, 7, 7, 7]);
    expect(everything()).toEqual(['STREAMS 4']);
    streams.receiveReset(16, 7);
    expect(everything()).toEqual(['STREAMS 1']);
  });

  test('are told of in bounded memory, also when the peer does not read', () => {
    const { streams, everything } = serverStreams();
    for (let count = 0; count < 4; count++) streams.open().reset(count);
    // Nothing has left: the fifth would be one more to remember.
    expect(() => streams.open()).toThrow(expect.objectContaining({ code: 'RTA_TRANSPORT_STREAM_LIMIT' }));
    expect(everything()).toEqual(['RESET 1 0', 'RESET 5 1', 'RESET 9 2', 'RESET 13 3']);
    expect(streams.open().id).toBe(17);
  });

  test('are not written to, nor told of again [W-4.4]', () => {
    const { streams, everything } = serverStreams();
    const stream = streams.open();
    stream.write(new Uint8Array(100));
    streams.receiveReset(1, 9);
    streams.receiveReset(1, 10);
    streams.receiveData(1, Uint8Array.of(1), true);
    streams.receiveStreamCredit(1, 5);
    expect(everything()).toEqual([]);
    expect(stream.bufferedBytes).toBe(0);
  });
});
