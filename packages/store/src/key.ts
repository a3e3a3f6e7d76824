import { storeError } from './errors.ts';

/** @throws RtaError `RTA_STORE_TOO_LARGE` */
export function checkKey(key: string, limits: { readonly keyCharacters: number }): void {
  if (key.length > limits.keyCharacters) {
    throw storeError('RTA_STORE_TOO_LARGE', `a key has at most ${limits.keyCharacters} characters`, {
      details: { characters: key.length, limit: limits.keyCharacters },
    });
  }
}

/** @throws RangeError for what is not a time. */
export function checkExpiry(expiresAtMs: number): void {
  if (!Number.isFinite(expiresAtMs)) throw new RangeError('expiresAtMs must be UNIX milliseconds');
}
