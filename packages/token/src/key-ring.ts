import { tokenError } from './errors.ts';
import { TOKEN_LIMITS } from './limits.ts';
import type { TokenKey, TokenSigner, TokenVerifier } from './token-key.ts';
import type { TokenClaims } from './v1/codec.ts';
import { verifyToken } from './verify-token.ts';

/** The keys of an issuer: one signs new tokens, and tokens of all of them are accepted. */
export interface KeyRing {
  /** Signs new tokens; another one after each {@link KeyRing.rotate}. */
  readonly signer: TokenSigner;
  /** Ids of all keys: the signer's first, then the accepted ones from the oldest to the newest. */
  readonly keyIds: readonly number[];
  /**
   * Reads and verifies an untrusted token.
   *
   * @throws RtaError as {@link verifyToken} does.
   */
  verify(token: Uint8Array): TokenClaims;
  /**
   * Signs with another key from now on. Tokens of the previous key stay accepted, until it is retired (T-6.1).
   *
   * @throws RtaError `RTA_TOKEN_KEY_DUPLICATE` | `RTA_TOKEN_KEY_LIMIT`; the ring is then unchanged.
   */
  rotate(next: TokenKey): void;
  /**
   * Accepts no more tokens of a key (T-6.2).
   *
   * @returns whether the ring held it.
   * @throws RtaError `RTA_TOKEN_KEY_CURRENT` where it is the key that signs.
   */
  retire(keyId: number): boolean;
}

/** What a key ring starts with. */
export interface KeyRingOptions {
  /** Signs new tokens. */
  readonly current: TokenKey;
  /** Keys whose tokens are accepted as well, the oldest first; none by default. At most 8 keys in all. */
  readonly accepted?: readonly TokenVerifier[];
}

/**
 * Creates a key ring.
 *
 * @throws RtaError `RTA_TOKEN_KEY_DUPLICATE` | `RTA_TOKEN_KEY_LIMIT`
 * @see docs/spec/token.md §6
 */
export function createKeyRing(options: KeyRingOptions): KeyRing {
  let current = options.current;
  const accepted = new Map<number, TokenVerifier>();

  const find = (keyId: number): TokenVerifier | undefined =>
    keyId === current.keyId ? current : accepted.get(keyId);

  /** Refuses a key that must not join the keys of the ring (T-6.3). */
  const checkRoomFor = ({ keyId }: TokenVerifier): void => {
    if (find(keyId) !== undefined) {
      throw tokenError('RTA_TOKEN_KEY_DUPLICATE', undefined, { details: { keyId } });
    }
    const keys = accepted.size + 1;
    if (keys >= TOKEN_LIMITS.keysPerRingCount) {
      throw tokenError('RTA_TOKEN_KEY_LIMIT', `the key ring holds ${keys} keys, as many as it may`, {
        details: { keys },
      });
    }
  };

  for (const key of options.accepted ?? []) {
    checkRoomFor(key);
    accepted.set(key.keyId, key);
  }

  return {
    get signer() {
      return current;
    },
    get keyIds() {
      return [current.keyId, ...accepted.keys()];
    },
    verify: (token) => verifyToken(token, find),
    rotate(next) {
      checkRoomFor(next);
      accepted.set(current.keyId, current);
      current = next;
    },
    retire(keyId) {
      if (keyId === current.keyId) {
        throw tokenError('RTA_TOKEN_KEY_CURRENT', undefined, { details: { keyId } });
      }
      return accepted.delete(keyId);
    },
  };
}
