import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import { bytes, hex, frame as write } from '../test/wire.ts';
import { createFrameDecoder, encodeFrame, FRAME, type Frame, type FrameDecoder } from './frame.ts';

const NUMBERS = {
  hello: 0x01,
  welcome: 0x02,
  exchange: 0x03,
  exchanged: 0x04,
  bind: 0x05,
  bound: 0x06,
  delegate: 0x07,
  delegated: 0x08,
  end: 0x09,
  ended: 0x0a,
  ping: 0x0b,
  pong: 0x0c,
  goaway: 0x0d,
  error: 0x0f,
  list: 0x10,
  listed: 0x11,
  narrow: 0x12,
  narrowed: 0x13,
  authorize: 0x20,
  decision: 0x21,
  resume: 0x22,
  context: 0x30,
  revoked: 0x31,
  ack: 0x32,
  approval: 0x33,
};
const LARGEST = 65_536;

/** All frames that come out, as comparable values. */
function read(decoder: FrameDecoder, ...chunks: Uint8Array[]): unknown[] {
  const frames: unknown[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk, ({ type, requestId, body }) => frames.push([type, requestId, hex(body)]));
  }
  return frames;
}

const ignore = (): void => undefined;

/** The code with which a fresh decoder refuses these bytes. */
const refusal = (data: string): string => codeOf(() => createFrameDecoder().push(bytes(data), ignore));

describe('encodeFrame', () => {
  it('writes type, length and request id in 8 bytes, big-endian [P-3.1]', () => {
    const frame = encodeFrame(FRAME.authorize, 0xdead_beef, new Uint8Array(0x0102).fill(0xcc));
    expect(hex(frame.subarray(0, 10))).toBe('20000102deadbeefcccc');
    expect(frame.byteLength).toBe(8 + 0x0102);
  });

  it('keeps the numbers of the frame types [P-3.1]', () => {
    expect(FRAME).toEqual(NUMBERS);
  });

  it('writes a body of 65536 bytes and no larger one [P-3.3]', () => {
    expect(encodeFrame(FRAME.ping, 1, new Uint8Array(LARGEST)).byteLength).toBe(8 + LARGEST);
    expect(codeOf(() => encodeFrame(FRAME.ping, 1, new Uint8Array(LARGEST + 1)))).toBe(
      'RTA_PROTOCOL_FRAME_TOO_LARGE',
    );
  });

  it('numbers every frame but GOAWAY, and GOAWAY never [P-3.5]', () => {
    const none = new Uint8Array(0);
    const wrong = Object.values(FRAME).filter((type) => {
      const [allowed, refused] = type === FRAME.goaway ? [0, 1] : [1, 0];
      return (
        codeOf(() => encodeFrame(type, allowed, none)) !== 'none' ||
        codeOf(() => encodeFrame(type, refused, none)) !== 'RTA_PROTOCOL_REQUEST_ID'
      );
    });
    expect(wrong).toEqual([]);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 32])('refuses %s as a request id: it has no 32 bits', (requestId) => {
    expect(() => encodeFrame(FRAME.ping, requestId, new Uint8Array(0))).toThrow(RangeError);
  });
});

describe('a frame decoder', () => {
  it('reads frames that stand behind each other in one chunk, in order [P-3.7]', () => {
    const data = bytes(write(0x0b, 1, 'a0') + write(0x21, 0xffff_ffff, '') + write(0x0d, 0, '0102'));
    expect(read(createFrameDecoder(), data)).toEqual([
      [0x0b, 1, 'a0'],
      [0x21, 0xffff_ffff, ''],
      [0x0d, 0, '0102'],
    ]);
  });

  it('reads the same frames when each byte comes alone [P-3.7]', () => {
    const data = bytes(write(0x0b, 1, 'a0') + write(0x21, 2, '') + write(0x20, 3, '0102030405060708090a'));
    const alone = Array.from(data, (byte) => Uint8Array.of(byte));
    expect(read(createFrameDecoder(), ...alone)).toEqual([
      [0x0b, 1, 'a0'],
      [0x21, 2, ''],
      [0x20, 3, '0102030405060708090a'],
    ]);
  });

  it('hands nothing out for an empty chunk, and goes on after it [P-3.7]', () => {
    const decoder = createFrameDecoder();
    const data = bytes(write(0x0b, 1, 'a0'));
    const nothing = new Uint8Array(0);
    expect(read(decoder, nothing, data.subarray(0, 3), nothing, data.subarray(3), nothing)).toEqual([
      [0x0b, 1, 'a0'],
    ]);
  });

  it('gives each frame memory that the next ones do not touch', () => {
    const bodies: Uint8Array[] = [];
    const decoder = createFrameDecoder();
    for (const byte of bytes(write(0x0b, 1, 'a0') + write(0x0b, 2, 'b1'))) {
      decoder.push(Uint8Array.of(byte), ({ body }) => bodies.push(body));
    }
    expect(bodies.map(hex)).toEqual(['a0', 'b1']);
  });

  it('reads a body of 65536 bytes, in one piece and in two [P-3.3]', () => {
    const data = encodeFrame(FRAME.exchange, 1, new Uint8Array(LARGEST).fill(7));
    const lengths: number[] = [];
    const note = ({ body }: Frame): void => void lengths.push(body.byteLength);
    createFrameDecoder().push(data, note);
    const decoder = createFrameDecoder();
    decoder.push(data.subarray(0, 40_000), note);
    decoder.push(data.subarray(40_000), note);
    expect(lengths).toEqual([LARGEST, LARGEST]);
  });

  it('refuses every type that is not known, by the header alone [P-3.2]', () => {
    const known = new Set(Object.values(NUMBERS));
    const codes = new Map<number, string>();
    for (let type = 0; type < 256; type++) {
      // A header without the body that it announces, and with a number that every type but GOAWAY may have.
      if (!known.has(type)) codes.set(type, refusal(write(type, 1, '', 16)));
    }
    expect([...new Set(codes.values())]).toEqual(['RTA_PROTOCOL_FRAME_TYPE']);
    expect(codes.size).toBe(256 - 25);
  });

  it.each([65_537, 0xff_ffff])('refuses a body of %i bytes by the header alone [P-3.3]', (length) => {
    const decoder = createFrameDecoder();
    expect(codeOf(() => decoder.push(bytes(write(0x03, 1, '', length)), ignore))).toBe(
      'RTA_PROTOCOL_FRAME_TOO_LARGE',
    );
    expect(decoder.bufferedBytes).toBe(0);
  });

  it.each([
    ['0 on PING', write(0x0b, 0, 'a0')],
    ['0 on DECISION', write(0x21, 0, '', 17)],
    ['0 on ACK', write(0x32, 0, '', 1)],
    ['1 on GOAWAY', write(0x0d, 1, '', 1)],
  ])('refuses the request id %s by the header alone [P-3.5]', (_, data) => {
    expect(refusal(data)).toBe('RTA_PROTOCOL_REQUEST_ID');
  });

  it.each([
    ['in one chunk', 16],
    ['with the header in pieces', 3],
    ['byte by byte', 1],
  ])('refuses a bad header behind a good frame, and keeps what came before: %s [P-3.4]', (_, size) => {
    const data = bytes(write(0x0b, 1, 'a0') + write(0x7f, 2, 'a0') + write(0x0b, 3, 'a0'));
    const decoder = createFrameDecoder();
    const seen: number[] = [];
    const code = codeOf(() => {
      for (let at = 0; at < data.byteLength; at += size) {
        decoder.push(data.subarray(at, at + size), ({ requestId }) => seen.push(requestId));
      }
    });
    expect(code).toBe('RTA_PROTOCOL_FRAME_TYPE');
    expect(seen).toEqual([1]);
  });

  it('is dead after it refused: it reads no good frame any more, and holds no bytes [P-3.4]', () => {
    const decoder = createFrameDecoder();
    expect(codeOf(() => decoder.push(bytes(write(0x00, 1, '')), ignore))).toBe('RTA_PROTOCOL_FRAME_TYPE');
    expect(decoder.bufferedBytes).toBe(0);
    expect(codeOf(() => read(decoder, bytes(write(0x0b, 1, 'a0'))))).toBe('RTA_PROTOCOL_DECODER_FAILED');
    expect(codeOf(() => decoder.end())).toBe('RTA_PROTOCOL_DECODER_FAILED');
  });

  it.each([
    ['in one chunk', 64],
    ['byte by byte', 1],
  ])('is dead after a frame that its owner refused, and hands out none behind it: %s [P-3.4]', (_, size) => {
    const data = bytes(write(0x0b, 1, 'a0') + write(0x0b, 2, 'a0') + write(0x0b, 3, 'a0'));
    const decoder = createFrameDecoder();
    const seen: number[] = [];
    const onFrame = ({ requestId }: Frame): void => {
      seen.push(requestId);
      if (requestId === 2) throw new Error('refused');
    };
    const codes = new Set<string>();
    for (let at = 0; at < data.byteLength; at += size) {
      codes.add(codeOf(() => decoder.push(data.subarray(at, at + size), onFrame)));
    }
    codes.add(codeOf(() => decoder.push(new Uint8Array(0), onFrame)));
    codes.delete('none');
    expect([...codes]).toEqual(['Error: refused', 'RTA_PROTOCOL_DECODER_FAILED']);
    expect(seen).toEqual([1, 2]);
  });

  it('refuses the end of a stream inside a frame, wherever it is [P-3.6]', () => {
    const data = bytes(write(0x31, 1, 'a1a2a3'));
    const codes: string[] = [];
    for (let length = 1; length < data.byteLength; length++) {
      const decoder = createFrameDecoder();
      decoder.push(data.subarray(0, length), ignore);
      codes.push(codeOf(() => decoder.end()));
    }
    expect(codes).toEqual(Array.from({ length: 10 }, () => 'RTA_PROTOCOL_FRAME_CUT_OFF'));
  });

  it('takes the end of a stream between frames [P-3.6]', () => {
    const decoder = createFrameDecoder();
    decoder.end();
    decoder.push(bytes(write(0x31, 1, 'a1a2a3')), ignore);
    expect(codeOf(() => decoder.end())).toBe('none');
  });

  it('holds no more than it was sent, however much a header announces [P-3.3]', () => {
    const decoder = createFrameDecoder();
    decoder.push(bytes(write(0x03, 1, '', LARGEST)), ignore);
    expect(decoder.bufferedBytes).toBe(8);
    for (let i = 0; i < 1_000; i++) decoder.push(Uint8Array.of(1), ignore);
    expect(decoder.bufferedBytes).toBe(1_008);
  });

  it('reserves no memory for a body that is announced and does not come [P-3.3]', () => {
    // Ten thousand streams whose frames begin and never end; whole bodies would be 655 MB.
    const header = bytes(write(0x03, 1, '', LARGEST));
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 10_000 }, () => {
      const decoder = createFrameDecoder();
      decoder.push(header, ignore);
      return decoder;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1_048_576);
    expect(decoders.length).toBe(10_000);
  });
});

const anyFrame = fc
  .record({
    type: fc.constantFrom(...Object.values(FRAME)),
    requestId: fc.integer({ min: 1, max: 0xffff_ffff }),
    body: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ type, requestId, body }) => ({ type, requestId: type === FRAME.goaway ? 0 : requestId, body }));

/** The bytes cut at these places. */
function cut(data: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (data.byteLength + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, i) => data.subarray(start, at[i] ?? data.byteLength));
}

/** What a decoder makes of these chunks. */
function outcome(chunks: readonly Uint8Array[]): unknown {
  const decoder = createFrameDecoder();
  const frames: unknown[] = [];
  const code = codeOf(() => {
    for (const chunk of chunks) decoder.push(chunk, ({ type }) => frames.push(type));
  });
  return { code, frames, buffered: decoder.bufferedBytes };
}

describe('any frames', () => {
  test.prop([fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 20 })], { numRuns: 300 })(
    'come out of a decoder as they went in, wherever the bytes are cut [P-3.1, P-3.7]',
    (frames, places) => {
      const written = frames.map(({ type, requestId, body }) => encodeFrame(type, requestId, body));
      const decoder = createFrameDecoder();
      const data = new Uint8Array(Buffer.concat(written));
      expect(read(decoder, ...cut(data, places))).toEqual(
        frames.map(({ type, requestId, body }) => [type, requestId, hex(body)]),
      );
      expect(decoder.bufferedBytes).toBe(0);
    },
  );

  test.prop([fc.uint8Array({ maxLength: 64 }), fc.array(fc.nat(), { maxLength: 10 })], { numRuns: 300 })(
    'are found alike in bytes that mean nothing, wherever they are cut [P-3.4, P-3.7]',
    (data, places) => {
      expect(outcome(cut(data, places))).toEqual(outcome([data]));
    },
  );
});
