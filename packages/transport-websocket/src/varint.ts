/**
 * The variable-length integers of RFC 9000 §16, here from 0 to 2^53 - 1: the two high bits of the first byte say
 * whether the number has 1, 2, 4 or 8 bytes.
 */

import { webSocketError } from './errors.ts';

const TWO_32 = 0x1_0000_0000;

/** How many bytes a number takes. */
export function varintByteLength(value: number): 1 | 2 | 4 | 8 {
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  return value < 0x4000_0000 ? 4 : 8;
}

/**
 * Writes a number in its shortest form.
 *
 * @param value an integer from 0 to 2^53 - 1.
 * @returns the offset behind it.
 */
export function writeVarint(space: Uint8Array, offset: number, value: number): number {
  switch (varintByteLength(value)) {
    case 1:
      space[offset] = value;
      return offset + 1;
    case 2:
      space[offset] = 0x40 | (value >>> 8);
      space[offset + 1] = value;
      return offset + 2;
    case 4:
      writeUint32(space, offset, value + 0x8000_0000);
      return offset + 4;
    case 8:
      writeUint32(space, offset, Math.floor(value / TWO_32) + 0xc000_0000);
      writeUint32(space, offset + 4, value);
      return offset + 8;
  }
}

/**
 * Reads a number, which is `varintByteLength` of it long.
 *
 * @throws RtaError `RTA_WEBSOCKET_FRAME` where the bytes end before it does, where it is above 2^53 - 1, and where a
 *   shorter form would have done: one value has one encoding.
 */
export function readVarint(bytes: Uint8Array, offset: number): number {
  const first = bytes[offset];
  if (first === undefined) throw webSocketError('RTA_WEBSOCKET_FRAME', 'the message ends inside a frame');
  if (first < 0x40) return first;
  const byteLength = 1 << (first >>> 6);
  if (offset + byteLength > bytes.byteLength) {
    throw webSocketError('RTA_WEBSOCKET_FRAME', 'the message ends inside a number');
  }
  let value = first & 0x3f;
  for (let index = 1; index < byteLength; index++) value = value * 256 + (bytes[offset + index] ?? 0);
  if (value > Number.MAX_SAFE_INTEGER || varintByteLength(value) !== byteLength) {
    throw webSocketError('RTA_WEBSOCKET_FRAME', 'a number is above 2^53 - 1 or not in its shortest form', {
      details: { byteLength },
    });
  }
  return value;
}

function writeUint32(space: Uint8Array, offset: number, value: number): void {
  space[offset] = value >>> 24;
  space[offset + 1] = value >>> 16;
  space[offset + 2] = value >>> 8;
  space[offset + 3] = value;
}
