import { readFileSync } from 'node:fs';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { packEntries } from '../../src/delivery/pack.ts';
import {
  createDeliveryDecoder,
  type DeliveryFrame,
  encodeDeliveryFrame,
  jsonBytes,
} from '../../src/delivery.ts';

interface Vectors {
  readonly frames: readonly { readonly name: string; readonly bytes: string; readonly frame: Written }[];
  readonly refused: readonly { readonly name: string; readonly bytes: string }[];
}
/** A frame as the vectors have it: maps are lists of pairs. */
type Written = { readonly [Name in 'sets' | 'setErrs']?: readonly [string, never][] } & object;

const file = new URL('../../../../docs/spec/vectors/ssf-quic.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

const read = ({ sets, setErrs, ...rest }: Written): DeliveryFrame =>
  ({
    ...rest,
    ...(sets === undefined ? {} : { sets: new Map(sets) }),
    ...(setErrs === undefined ? {} : { setErrs: new Map(setErrs) }),
  }) as unknown as DeliveryFrame;

function framesIn(chunks: Iterable<Uint8Array>, maxFrameBytes = 262_144): DeliveryFrame[] {
  const frames: DeliveryFrame[] = [];
  const decoder = createDeliveryDecoder(maxFrameBytes);
  for (const chunk of chunks) decoder.push(chunk, (frame) => frames.push(frame));
  return frames;
}

const isRefused = expect.objectContaining({ code: 'RTA_SSF_FRAME' });

describe('the test vectors', () => {
  test.each(vectors.frames)('read and write $name [Q-2.1, Q-2.2]', ({ bytes, frame }) => {
    expect(framesIn([Buffer.from(bytes, 'hex')])).toEqual([read(frame)]);
    expect(Buffer.from(encodeDeliveryFrame(read(frame))).toString('hex')).toBe(bytes);
  });

  test.each(vectors.frames)('give nothing for what is cut short of $name', ({ bytes }) => {
    const whole = Buffer.from(bytes, 'hex');
    for (let length = 0; length < whole.byteLength; length++) {
      const decoder = createDeliveryDecoder(262_144);
      decoder.push(whole.subarray(0, length), () => expect.unreachable());
      expect(decoder.isInside).toBe(length > 0);
    }
  });

  test.each(vectors.refused)('refuse $name [Q-2.1, Q-2.2, Q-2.3]', ({ bytes }) => {
    expect(() => framesIn([Buffer.from(bytes, 'hex')])).toThrow(isRefused);
  });
});

test('members inside a frame that are not known are passed over [Q-2.2]', () => {
  const json = Buffer.from('{"open":{"issuer":"https://idp.example","later":{"x":[1]}}}');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.byteLength);
  expect(framesIn([length, json])).toEqual([{ kind: 'open', issuer: 'https://idp.example' }]);
});

test('the limit of a sender that is not known holds for what is only announced [Q-2.1]', () => {
  const decoder = createDeliveryDecoder(16_384);
  const announced = Uint8Array.of(0, 0, 0x40, 1);
  expect(() => decoder.push(announced, () => expect.unreachable())).toThrow(isRefused);
  // Another frame of 16 385 bytes may come once the limit is raised.
  const raised = createDeliveryDecoder(16_384);
  raised.maxFrameBytes = 262_144;
  raised.push(announced, () => expect.unreachable());
  expect(raised.isInside).toBe(true);
});

test('a frame that is too large is not written', () => {
  const sets = new Map([['j1', 'a'.repeat(262_144)]]);
  expect(() => encodeDeliveryFrame({ kind: 'sets', sets })).toThrow(RangeError);
});

test('a text of nothing but escapes is read', () => {
  const set = '\\"'.repeat(60_000);
  const frame: DeliveryFrame = { kind: 'sets', sets: new Map([['j1', set]]) };
  expect(framesIn([encodeDeliveryFrame(frame)])).toEqual([frame]);
});

const name = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
const setError = fc.record({ err: name, description: fc.string({ unit: 'grapheme' }) });
const anyFrame: fc.Arbitrary<DeliveryFrame> = fc.oneof(
  fc.record(
    { kind: fc.constant('open' as const), issuer: name, streamId: name, authorization: fc.string() },
    { requiredKeys: ['kind', 'issuer'] },
  ),
  fc.constant<DeliveryFrame>({ kind: 'opened' }),
  fc.record({ kind: fc.constant('error' as const), err: name, description: fc.string() }),
  fc.record({
    kind: fc.constant('sets' as const),
    sets: fc.array(fc.tuple(name, fc.string())).map((entries) => new Map(entries)),
  }),
  fc
    .record({
      kind: fc.constant('answer' as const),
      ack: fc.array(name),
      setErrs: fc.array(fc.tuple(name, setError)).map((entries) => new Map(entries)),
    })
    .filter(({ ack, setErrs }) => ack.length + setErrs.size > 0),
);

property.prop([fc.array(anyFrame, { maxLength: 5 }), fc.infiniteStream(fc.nat({ max: 30 }))], {
  numRuns: 100,
})('whatever is written is read, however the network cuts it [Q-2.1, Q-2.2]', (frames, cuts) => {
  const bytes = Buffer.concat(frames.map(encodeDeliveryFrame));
  const chunks: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.byteLength; ) {
    const { value } = cuts.next();
    const length = Number(value) + 1;
    chunks.push(Uint8Array.from(bytes.subarray(offset, offset + length)));
    offset += length;
  }
  expect(framesIn(chunks)).toEqual(frames);
});

property.prop([fc.uint8Array({ maxLength: 60 })], { numRuns: 200 })(
  'any bytes are frames, or refused by the code of it',
  (json) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(json.byteLength);
    try {
      for (const frame of framesIn([length, json])) expect(frame).toHaveProperty('kind');
    } catch (error) {
      expect(error).toEqual(isRefused);
    }
  },
);

property.prop([fc.array(fc.tuple(name, fc.nat({ max: 70_000 })), { maxLength: 300 })], { numRuns: 20 })(
  'entries that are packed fill frames that may be sent, in their order [Q-2.1, Q-2.3]',
  (drawn) => {
    const entries = drawn.map(([jti, bytes], index): [string, string] => [
      `${index}${jti}`,
      'a'.repeat(bytes),
    ]);
    const packed = packEntries(entries, ([jti, set]) => jsonBytes(jti) + jsonBytes(set));
    expect(packed.flat()).toEqual(entries);
    for (const part of packed) {
      expect(part.length).toBeLessThanOrEqual(128);
      expect(encodeDeliveryFrame({ kind: 'sets', sets: new Map(part) }).byteLength).toBeLessThanOrEqual(
        262_148,
      );
    }
  },
);
