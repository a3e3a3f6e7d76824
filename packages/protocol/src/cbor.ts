import { decode } from 'cborg';
import { writeCbor } from './cbor-writer.ts';
import { protocolError } from './errors.ts';
import { PROTOCOL_LIMITS } from './limits.ts';
import { isText } from './text.ts';

const DECODE = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowNaN: false,
  allowInfinity: false,
  allowBigInt: false,
  rejectDuplicateMapKeys: true,
} as const;

const NOT_DETERMINISTIC = 'the body is not deterministic CBOR';

/** Major types of RFC 8949 §3.1 that contain others. */
const ARRAY = 4;
const MAP = 5;
const TAG = 6;

/**
 * Encodes a value as deterministic CBOR (RFC 8949 §4.2.1); members that are `undefined` are left out. What it writes,
 * {@link decodeCbor} reads.
 *
 * @param bytesBefore - zeros in front of it, for a header; none by default.
 * @throws RtaError `RTA_PROTOCOL_MESSAGE` for what has no place in a message: numbers that are not finite, broken
 *   texts, `undefined` in a list, instances of classes other than byte arrays, nesting beyond the limit.
 */
export function encodeCbor(value: unknown, bytesBefore = 0): Uint8Array {
  assertEncodable(value, 0);
  return writeCbor(value, bytesBefore);
}

/**
 * Decodes one item of deterministic CBOR, with nothing after it (P-4.2 to P-4.6).
 *
 * @returns a value that shares no memory with the bytes.
 * @throws RtaError `RTA_PROTOCOL_MESSAGE`
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  assertDepth(bytes);
  let value: unknown;
  try {
    value = decode(bytes, DECODE);
  } catch (cause) {
    throw protocolError('RTA_PROTOCOL_MESSAGE', NOT_DETERMINISTIC, { cause });
  }
  // The decoder is lenient about the order of keys, the width of floats, −0 and broken UTF-8. A value has one
  // deterministic encoding, so whatever else it was decoded from differs from what it is encoded to.
  if (!sameBytes(encodeCbor(value), bytes)) throw protocolError('RTA_PROTOCOL_MESSAGE', NOT_DETERMINISTIC);
  return value;
}

function assertEncodable(value: unknown, depth: number): void {
  switch (typeof value) {
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value)) throw notEncodable('a number that is not finite');
      return;
    case 'string':
      if (!isText(value)) throw notEncodable('a broken text');
      return;
    case 'object':
      if (value !== null && !(value instanceof Uint8Array)) assertMembersEncodable(value, depth + 1);
      return;
    default:
      throw notEncodable(`a value of type ${typeof value}`);
  }
}

function assertMembersEncodable(container: object, depth: number): void {
  if (depth > PROTOCOL_LIMITS.maxCborDepth) throw nestedTooDeeply();
  if (Array.isArray(container)) {
    for (const item of container) assertEncodable(item, depth);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(container);
  if (prototype !== Object.prototype && prototype !== null) throw notEncodable('an instance of a class');
  const members = container as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(members)) {
    const member = members[key];
    if (member === undefined) continue;
    // Whoever copies such a member by assignment sets a prototype instead (P-4.5).
    if (key === '__proto__') throw notEncodable('a member that is named like the prototype');
    if (!isText(key)) throw notEncodable('a broken text');
    assertEncodable(member, depth);
  }
}

function notEncodable(what: string): Error {
  return protocolError('RTA_PROTOCOL_MESSAGE', `${what} has no place in a message`);
}

function nestedTooDeeply(): Error {
  return protocolError('RTA_PROTOCOL_MESSAGE', 'the body is nested too deeply', {
    details: { limit: PROTOCOL_LIMITS.maxCborDepth },
  });
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Walks the item heads and refuses nesting beyond the limit before the recursive decoder sees it.
 * Whatever else is wrong with the bytes is left for the decoder to refuse.
 */
function assertDepth(bytes: Uint8Array): void {
  // How many items are still to come in each container that is open.
  const open: number[] = [];
  let at = 0;
  while (at < bytes.byteLength) {
    const head = bytes[at] ?? 0;
    const major = head >>> 5;
    const info = head & 0x1f;
    const extraBytes = info < 24 ? 0 : info <= 27 ? 1 << (info - 24) : 0;
    let argument = info < 24 ? info : 0;
    for (let i = 1; i <= extraBytes; i++) argument = argument * 256 + (bytes[at + i] ?? 0);
    at += 1 + extraBytes;
    if (major === 2 || major === 3) at += argument;
    if (major === ARRAY || major === MAP || major === TAG) {
      const items = major === MAP ? argument * 2 : major === TAG ? 1 : argument;
      if (items > 0) {
        open.push(items);
        if (open.length > PROTOCOL_LIMITS.maxCborDepth) throw nestedTooDeeply();
        continue;
      }
    }
    // The item is complete; so are the containers whose last item it was.
    while (open.length > 0) {
      const left = (open[open.length - 1] ?? 0) - 1;
      if (left > 0) {
        open[open.length - 1] = left;
        break;
      }
      open.pop();
    }
  }
}
