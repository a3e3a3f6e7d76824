import { utf8 } from '@rta/core';
import { PROTOCOL_LIMITS } from './limits.ts';

/** A byte order mark in front, or half of a surrogate pair anywhere. */
const BROKEN = /^\uFEFF|\p{Surrogate}/u;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Whether a text may travel: well-formed Unicode that does not begin with a byte order mark (P-4.4). What one reader
 * repairs and another drops would be two names for one thing.
 */
export function isText(text: string): boolean {
  return !BROKEN.test(text);
}

/** Whether a text has at most so many bytes of UTF-8. */
export function fitsBytes(text: string, maxBytes: number): boolean {
  // A UTF-16 code unit takes at most three bytes: most texts need no counting.
  return text.length * 3 <= maxBytes || utf8(text).byteLength <= maxBytes;
}

/**
 * Reads UTF-8, and repairs nothing.
 *
 * @throws TypeError where the bytes are not UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/**
 * What of a text from outside (a reason, the message of an error) may stand in a message: halves of surrogate pairs
 * are replaced, byte order marks in front dropped, and what is longer than a text may be is cut between characters.
 * For texts that people read; a name would become another one.
 */
export function fitText(text: string): string {
  if (isText(text) && fitsBytes(text, PROTOCOL_LIMITS.maxTextBytes)) return text;
  const wellFormed = text.replace(/^\uFEFF+/u, '').replace(/\p{Surrogate}/gu, '\ufffd');
  const { read } = new TextEncoder().encodeInto(wellFormed, new Uint8Array(PROTOCOL_LIMITS.maxTextBytes));
  return wellFormed.slice(0, read);
}
