import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { readFrames } from '../src/frame-reader.ts';
import { FrameWriter } from '../src/frame-writer.ts';
import { type Frame, framesIn, writeFrame } from './frames.ts';

const id = fc.oneof(fc.nat(300), fc.maxSafeNat());
const code = fc.oneof(fc.nat(300), fc.maxSafeNat());
const credit = fc.integer({ min: 1, max: 0x7fff_ffff });
const bytes = (minLength: number) =>
  fc.uint8Array({ minLength, maxLength: 400 }).map((array) => Buffer.from(array).toString('hex'));

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    type: fc.constant('SETTINGS' as const),
    streamWindow: credit,
    connectionWindow: credit,
    streams: fc.nat(0x7fff_ffff),
    idleTimeoutMs: credit,
  }),
  fc.record({ type: fc.constant('DATA' as const), stream: id, bytes: bytes(1) }),
  fc.record({ type: fc.constant('END' as const), stream: id, bytes: bytes(0) }),
  fc.record({ type: fc.constant('RESET' as const), stream: id, code }),
  fc.record({ type: fc.constant('STREAM_CREDIT' as const), stream: id, credit }),
  fc.record({ type: fc.constantFrom('CONNECTION_CREDIT' as const, 'STREAMS' as const), credit }),
  fc.record({
    type: fc.constant('CLOSE' as const),
    code,
    reason: fc.string({ unit: 'grapheme', maxLength: 20 }),
  }),
);
const frames = fc.array(frame, { minLength: 1, maxLength: 20 });

const write = (list: readonly Frame[]): Uint8Array => {
  const writer = new FrameWriter();
  for (const one of list) writeFrame(writer, one);
  return Uint8Array.from(writer.take());
};

property.prop([frames])('what is written is read', (list) => {
  expect(framesIn(write(list))).toEqual(list);
});

property.prop([fc.uint8Array({ maxLength: 200 })])(
  'whatever arrives is frames or a coded error, and frames have one encoding [W-3.1, W-2.3]',
  (message) => {
    let read: Frame[];
    try {
      read = framesIn(message);
    } catch (error) {
      expect(error).toMatchObject({ code: 'RTA_WEBSOCKET_FRAME' });
      return;
    }
    const hasText = read.some((one) => one.type === 'CLOSE');
    if (!hasText) expect(write(read)).toEqual(message);
  },
);

property.prop([frames, fc.nat(), fc.integer({ min: 1, max: 255 })])(
  'a message with a byte changed is frames or a coded error',
  (list, at, change) => {
    const message = write(list);
    const index = at % message.byteLength;
    message[index] = (message[index] ?? 0) ^ change;
    let error: unknown;
    try {
      framesIn(message);
    } catch (caught) {
      error = caught;
    }
    if (error !== undefined) expect(error).toMatchObject({ code: 'RTA_WEBSOCKET_FRAME' });
  },
);

const ignore = (): void => {};

test('the frames before the one that is refused are handled [W-2.4]', () => {
  const message = Buffer.concat([write([{ type: 'DATA', stream: 0, bytes: '61' }]), Buffer.of(0x08)]);
  const handled: number[] = [];
  const handler = {
    onSettings: ignore,
    onData: (stream: number) => handled.push(stream),
    onReset: ignore,
    onStreamCredit: ignore,
    onConnectionCredit: ignore,
    onStreams: ignore,
    onClose: ignore,
  };
  expect(() => readFrames(message, handler)).toThrow(
    expect.objectContaining({ code: 'RTA_WEBSOCKET_FRAME' }),
  );
  expect(handled).toEqual([0]);
});

test('a message that was taken is not changed by the next one', () => {
  const writer = new FrameWriter();
  writer.reset(0, 1);
  const first = writer.take();
  writer.reset(4, 2);
  expect(first.toString('hex')).toBe('030001');
});
