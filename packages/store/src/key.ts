import { storeError } from './errors.ts';

/**
 * Checks a key before anything is kept under it; for those who write a store.
 *
 * @throws RtaError `RTA_STORE_TOO_LARGE`; TypeError for half a surrogate pair, which UTF-8 cannot tell from another.
 */
export function checkKey(key: string, limits: { readonly keyCharacters: number }): void {
  if (key.length > limits.keyCharacters) {
    throw storeError('RTA_STORE_TOO_LARGE', `a key has at most ${limits.keyCharacters} characters`, {
      details: { characters: key.length, limit: limits.keyCharacters },
    });
  }
  if (/\p{Surrogate}/u.test(key)) throw new TypeError('a key is well-formed text');
}

/**
 * Checks a time before anything is kept until then; for those who write a store.
 *
 * @throws RangeError for what is not a time.
 */
export function checkExpiry(expiresAtMs: number): void {
  if (!Number.isFinite(expiresAtMs)) throw new RangeError('expiresAtMs must be UNIX milliseconds');
}
