import type { TokenKey, TokenVerifier } from './token-key.ts';

/** The keys of an issuer at one moment. */
export interface KeySet {
  /** Signs new tokens. */
  readonly current: TokenKey;
  /** Keys whose tokens are accepted as well: earlier ones, and those that are announced and sign later. */
  readonly accepted: readonly TokenVerifier[];
  /** Ids of keys that were revoked, for ever: none of them is among the keys above. */
  readonly revoked: readonly number[];
}

/** What a source tells of while it is watched. */
export type KeySourceChange =
  /** Other keys are in force: all of them, not the difference. */
  | { readonly kind: 'keys'; readonly keys: KeySet }
  /** Something could not be read or done; the keys that were told of last stay in force. */
  | { readonly kind: 'fault'; readonly error: Error };

/**
 * The port to where keys come from: a folder, a key management service, a hardware module.
 *
 * A key signs and verifies at once, in this process: a token is signed in microseconds while a change is being pushed,
 * and no source is asked for it. An adapter to a service that keeps keys to itself lets the service unwrap a data key of
 * 32 bytes in {@link TokenKeySource.load}, and makes a {@link TokenKey} of that.
 */
export interface TokenKeySource extends AsyncDisposable {
  /**
   * How long a new key is accepted before it signs. Copies of public keys must be read anew in less. Absent where keys
   * never change.
   */
  readonly announceMs?: number;
  /**
   * The keys as they are now.
   *
   * @throws RtaError of the source where they cannot be had: then no token can be signed.
   */
  load(signal?: AbortSignal): Promise<KeySet>;
  /**
   * Reports keys that differ from those that were loaded or reported last, until the handle is closed. Absent where
   * keys never change. A revocation is reported whatever else is wrong.
   */
  watch?(onChange: (change: KeySourceChange) => void): { close(): void };
}

/** What a source starts with that never changes. */
export interface StaticKeySourceOptions {
  readonly current: TokenKey;
  /** None by default. */
  readonly accepted?: readonly TokenVerifier[];
  /** None by default. */
  readonly revoked?: readonly number[];
}

/** Makes a source of keys that the caller holds, and that stay as they are. */
export function createStaticKeySource(options: StaticKeySourceOptions): TokenKeySource {
  const { current, accepted = [], revoked = [] } = options;
  const keys: KeySet = { current, accepted: [...accepted], revoked: [...revoked] };
  return {
    load: () => Promise.resolve(keys),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
