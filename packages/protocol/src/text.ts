import { utf8 } from '@rta/core';

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
