import { coreError } from './core-errors.ts';

const BASE64URL = /^[A-Za-z0-9_-]*$/;
/** Last characters of texts whose bits are all used, by what is left after groups of four characters. */
const LAST_OF_TWO = /[AQgw]$/;
const LAST_OF_THREE = /[AEIMQUYcgkosw048]$/;

/** Encodes bytes as base64url without padding (RFC 4648 §5). */
export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/**
 * Decodes base64url without padding, strictly: one text has one meaning, so that ids and digests compare as text.
 *
 * @returns a fresh array that the caller owns.
 * @throws RtaError `RTA_CORE_BASE64URL` for padding, other alphabets, impossible lengths and non-zero spare bits.
 * @see RFC 4648 §3.5, §5
 */
export function fromBase64Url(text: string): Uint8Array {
  if (!BASE64URL.test(text) || text.length % 4 === 1) {
    throw coreError('RTA_CORE_BASE64URL', undefined, { details: { characters: text.length } });
  }
  const rest = text.length % 4;
  if ((rest === 2 && !LAST_OF_TWO.test(text)) || (rest === 3 && !LAST_OF_THREE.test(text))) {
    throw coreError('RTA_CORE_BASE64URL', 'the last character carries spare bits', {
      details: { characters: text.length },
    });
  }
  return new Uint8Array(Buffer.from(text, 'base64url'));
}

const encoder = new TextEncoder();

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** One fresh array that holds the parts in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.byteLength;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.byteLength;
  }
  return joined;
}

/**
 * Whether two arrays hold the same bytes, in a time that depends on their lengths only.
 * Use it wherever one side is a secret or proves something.
 */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false;
  let difference = 0;
  for (let i = 0; i < a.byteLength; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}
