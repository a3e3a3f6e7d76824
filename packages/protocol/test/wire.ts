/**
 * The wire by hand: a second way to make the bytes of rta/1, which shares no code with the package. It writes whatever
 * it is told to, right or wrong.
 */

/** Hex without the spaces that make it readable. */
export const plain = (spaced: string): string => spaced.replaceAll(' ', '');
export const bytes = (spaced: string): Uint8Array => new Uint8Array(Buffer.from(plain(spaced), 'hex'));
export const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
export const ascii = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('hex');
export const repeat = (byte: string, count: number): string => byte.repeat(count);

/** A number in so many bytes, big-endian. */
export const uint = (value: number | bigint, width: number): string =>
  BigInt(value)
    .toString(16)
    .padStart(width * 2, '0');

const byteLength = (data: string): number => data.length / 2;

/** A frame; the length that its header announces can be another than the body's. */
export const frame = (type: number, requestId: number, body: string, length = byteLength(body)): string =>
  uint(type, 1) + uint(length, 3) + uint(requestId, 4) + body;

/** The head of a CBOR item (RFC 8949 §3) in its shortest form. */
function head(major: number, argument: number | bigint): string {
  const first = major << 5;
  if (argument < 24) return uint(first | Number(argument), 1);
  if (argument < 0x100) return uint(first | 24, 1) + uint(argument, 1);
  if (argument < 0x1_0000) return uint(first | 25, 1) + uint(argument, 2);
  if (argument < 0x1_0000_0000) return uint(first | 26, 1) + uint(argument, 4);
  return uint(first | 27, 1) + uint(argument, 8);
}

export const int = (value: number | bigint): string =>
  value < 0 ? head(1, -1n - BigInt(value)) : head(0, value);
export const bstr = (data: string): string => head(2, byteLength(data)) + data;
export const tstr = (text: string): string => head(3, Buffer.byteLength(text)) + utf8(text);
export const list = (...items: string[]): string => head(4, items.length) + items.join('');
/** A map with its members in the order given. */
export const map = (...members: [key: string, value: string][]): string =>
  head(5, members.length) + members.map(([key, value]) => tstr(key) + value).join('');
export const FALSE = 'f4';
export const TRUE = 'f5';
export const NULL = 'f6';

/** A text after its length in 16 bits. */
export const text16 = (text: string): string => uint(Buffer.byteLength(text), 2) + utf8(text);
/** Bytes after their length in 16 bits. */
export const bytes16 = (data: string): string => uint(byteLength(data), 2) + data;
/** Bytes after their length in 8 bits. */
export const bytes8 = (data: string): string => uint(byteLength(data), 1) + data;
