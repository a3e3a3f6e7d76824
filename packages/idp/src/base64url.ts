import { fromBase64Url } from '@rta/core';

/** The bytes of a base64url text from outside; undefined where it is none, spare bits and padding included. */
export function parseBase64Url(text: string): Uint8Array | undefined {
  try {
    return fromBase64Url(text);
  } catch {
    return undefined;
  }
}
