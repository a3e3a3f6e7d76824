import { tokenError } from './errors.ts';
import type { KeySet } from './key-source.ts';
import { TOKEN_LIMITS } from './limits.ts';
import type { TokenKey, TokenSigner, TokenVerifier } from './token-key.ts';
import type { TokenClaims } from './v1/codec.ts';
import { verifyToken } from './verify-token.ts';

/** The keys of an issuer: one signs new tokens, and tokens of all of them are accepted. */
export interface KeyRing {
  /** Signs new tokens; another one after each {@link KeyRing.rotate}. */
  readonly signer: TokenSigner;
  /** All keys: the signer's first, then the accepted ones from the oldest to the newest. */
  readonly keys: readonly TokenVerifier[];
  /** Ids of {@link KeyRing.keys}, in the same order. */
  readonly keyIds: readonly number[];
  /** Ids that never come back, in the order of their revocation. */
  readonly revokedKeyIds: readonly number[];
  /**
   * Reads and verifies an untrusted token.
   *
   * @throws RtaError as {@link verifyToken} does.
   */
  verify(token: Uint8Array): TokenClaims;
  /**
   * Signs with another key from now on. Tokens of the previous key stay accepted, until it is retired (T-6.1). A key
   * that was announced, and so is among the accepted ones, moves up.
   *
   * @throws RtaError `RTA_TOKEN_KEY_DUPLICATE` for another key with an id that the ring holds, `RTA_TOKEN_KEY_LIMIT`,
   *   `RTA_TOKEN_KEY_REVOKED`; the ring is then unchanged.
   */
  rotate(next: TokenKey): void;
  /**
   * Accepts no more tokens of a key (T-6.2).
   *
   * @returns whether the ring held it.
   * @throws RtaError `RTA_TOKEN_KEY_CURRENT` where it is the key that signs.
   */
  retire(keyId: number): boolean;
  /**
   * Accepts no more tokens of a key, and never takes a key with this id again (T-6.4). It reaches the cold path: who
   * keeps current tokens replaces those that the key signed (T-6.5). An id that the ring does not hold is remembered
   * all the same.
   *
   * @param options.successor - signs from now on; only where the key is the one that signs.
   * @returns whether it was not revoked before.
   * @throws RtaError `RTA_TOKEN_KEY_CURRENT` where it is the key that signs and has no successor; as
   *   {@link KeyRing.rotate} for the successor; the ring is then unchanged. TypeError for a successor that is not
   *   needed.
   */
  revoke(keyId: number, options?: { readonly successor: TokenKey }): boolean;
  /**
   * Takes the keys of a source in place of its own, all at once (T-6.6). What was revoked before stays revoked.
   *
   * @returns the ids that this revoked, whether or not the ring held them.
   * @throws RtaError `RTA_TOKEN_KEY_DUPLICATE` | `RTA_TOKEN_KEY_LIMIT` | `RTA_TOKEN_KEY_REVOKED`; the ring is then
   *   unchanged, but for accepted keys that are revoked: these are gone in any case.
   */
  replace(keys: KeySet): readonly number[];
}

/** What a key ring starts with. */
export interface KeyRingOptions {
  /** Signs new tokens. */
  readonly current: TokenKey;
  /** Keys whose tokens are accepted as well, the oldest first; none by default. At most 8 keys in all. */
  readonly accepted?: readonly TokenVerifier[];
  /** Ids of keys that were revoked; none by default. */
  readonly revoked?: readonly number[];
}

/**
 * Creates a key ring.
 *
 * @throws RtaError `RTA_TOKEN_KEY_DUPLICATE` | `RTA_TOKEN_KEY_LIMIT` | `RTA_TOKEN_KEY_REVOKED`
 * @see docs/spec/token.md §6
 */
export function createKeyRing(options: KeyRingOptions): KeyRing {
  // Grows by what the operator revokes, and by nothing that comes over the network.
  const revoked = new Set(options.revoked);
  let { current } = options;
  let accepted = acceptedOf(options.current, options.accepted ?? [], revoked);

  const find = (keyId: number): TokenVerifier | undefined =>
    keyId === current.keyId ? current : accepted.get(keyId);

  return {
    get signer() {
      return current;
    },
    get keys() {
      return [current, ...accepted.values()];
    },
    get keyIds() {
      return [current.keyId, ...accepted.keys()];
    },
    get revokedKeyIds() {
      return [...revoked];
    },
    verify: (token) => verifyToken(token, find),
    rotate(next) {
      if (next.keyId === current.keyId) throw duplicate(next.keyId);
      const others = [...accepted.values(), current].filter((key) => key !== next);
      accepted = acceptedOf(next, others, revoked);
      current = next;
    },
    retire(keyId) {
      if (keyId === current.keyId) throw mustSign(keyId);
      return accepted.delete(keyId);
    },
    revoke(keyId, options) {
      const successor = options?.successor;
      if (keyId === current.keyId) {
        if (successor === undefined) throw mustSign(keyId);
        if (successor.keyId === keyId) throw duplicate(keyId);
        const others = [...accepted.values()].filter((key) => key !== successor);
        accepted = acceptedOf(successor, others, revoked);
        current = successor;
      } else if (successor !== undefined) {
        throw new TypeError('a successor is for the key that signs, and this is another one');
      }
      accepted.delete(keyId);
      const isNew = !revoked.has(keyId);
      revoked.add(keyId);
      return isNew;
    },
    replace(keys) {
      const fresh = new Set(keys.revoked.filter((keyId) => !revoked.has(keyId)));
      const all = new Set([...revoked, ...fresh]);
      let next: Map<number, TokenVerifier>;
      try {
        next = acceptedOf(keys.current, keys.accepted, all);
      } catch (error) {
        // A set that cannot be taken still says truly which keys are lost.
        for (const keyId of fresh) accepted.delete(keyId);
        throw error;
      }
      accepted = next;
      current = keys.current;
      for (const keyId of fresh) revoked.add(keyId);
      return [...fresh];
    },
  };
}

/** The accepted keys beside one that signs; refuses what must not be in one ring (T-6.3, T-6.4). */
function acceptedOf(
  current: TokenKey,
  keys: readonly TokenVerifier[],
  revoked: ReadonlySet<number>,
): Map<number, TokenVerifier> {
  const accepted = new Map<number, TokenVerifier>();
  for (const key of [current, ...keys]) {
    const { keyId } = key;
    if (revoked.has(keyId)) throw tokenError('RTA_TOKEN_KEY_REVOKED', undefined, { details: { keyId } });
    if (key === current) continue;
    if (keyId === current.keyId || accepted.has(keyId)) throw duplicate(keyId);
    accepted.set(keyId, key);
  }
  const count = accepted.size + 1;
  if (count > TOKEN_LIMITS.keysPerRingCount) {
    throw tokenError('RTA_TOKEN_KEY_LIMIT', `the key ring would hold ${count} keys, and may hold 8`, {
      details: { keys: count },
    });
  }
  return accepted;
}

const duplicate = (keyId: number): Error =>
  tokenError('RTA_TOKEN_KEY_DUPLICATE', undefined, { details: { keyId } });

const mustSign = (keyId: number): Error =>
  tokenError('RTA_TOKEN_KEY_CURRENT', undefined, { details: { keyId } });
