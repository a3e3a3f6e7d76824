import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { packetsOf } from './packet-walk.ts';

const header = (first: number, ...rest: number[]): number[] => [
  first,
  0,
  0,
  0,
  1,
  2,
  0xaa,
  0xbb,
  1,
  0xcc,
  ...rest,
];

test('packets that share a datagram are told apart', () => {
  const initial = [...header(0xc0, 3, 1, 2, 3, 0x40, 4), 1, 2, 3, 4];
  const early = [...header(0xd0, 2), 1, 2];
  const handshake = [...header(0xe0, 1), 1];
  const short = [0x40, 1, 2, 3];
  expect(packetsOf(Uint8Array.from([...initial, ...early, ...handshake, ...short]))).toEqual([
    { type: 'initial', byteLength: 20 },
    { type: '0RTT', byteLength: 13 },
    { type: 'handshake', byteLength: 12 },
    { type: '1RTT', byteLength: 4 },
  ]);
});

test.each([
  ['a Retry packet', header(0xf0, 1, 2, 3), 'retry'],
  ['Version Negotiation', [0x80, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], 'version_negotiation'],
  ['another version', [0xc0, 1, 2, 3, 4, 0, 0, 1], 'unknown'],
  ['a header that is cut off', [0xc0, 0, 0, 0, 1, 20, 1], 'unknown'],
  ['a length beyond the datagram', header(0xe0, 9, 1), 'unknown'],
  ['a token beyond the datagram', header(0xc0, 0x7f, 0xff, 1), 'unknown'],
  ['no length', header(0xe0), 'unknown'],
])('%s is the rest of the datagram', (_, bytes, type) => {
  expect(packetsOf(Uint8Array.from(bytes))).toEqual([{ type, byteLength: bytes.length }]);
});

property.prop([fc.uint8Array({ maxLength: 100 })])('every byte belongs to one packet', (bytes) => {
  const lengths = packetsOf(bytes).map(({ byteLength }) => byteLength);
  expect(lengths.every((byteLength) => byteLength > 0)).toBe(true);
  expect(lengths.reduce((sum, byteLength) => sum + byteLength, 0)).toBe(bytes.byteLength);
});
