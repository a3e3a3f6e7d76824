import type { Clock } from '@rta/core';
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet, type LocalJWKSet } from 'jose';
import { isSsfError, ssfError } from '../errors.ts';
import type { Fetch } from '../http/fetch.ts';
import { SSF_LIMITS } from '../limits.ts';

/** What a token says of the key that signed it. */
export interface KeyHint {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  /** `iat` of the token, if it has one. */
  readonly issuedAtMs: number | undefined;
}

/** The public keys of one transmitter. */
export interface KeySource {
  /**
   * The key for a token.
   *
   * @throws RtaError `RTA_SSF_KEY` where the transmitter has no such key; `RTA_SSF_KEYS_UNAVAILABLE` where that
   *   cannot be known now.
   */
  keyFor(hint: KeyHint): Promise<CryptoKey>;
  /** Breaks off what is being fetched. Idempotent. */
  close(): void;
}

/** Keys that the operator has given. */
export function createFixedKeys(jwks: JSONWebKeySet): KeySource {
  const keys = createLocalJWKSet(jwks);
  return { keyFor: (hint) => findKey(keys, hint), close: () => {} };
}

/**
 * Keys that the transmitter publishes. They are fetched when they are first needed, when they are older than
 * `jwksMaxAgeMs`, and when a token names a key that is not among them; but at most one request runs at a time, and
 * after `jwksBurstCount` there is one more each `jwksCooldownMs`, whatever tokens arrive.
 */
export function createPublishedKeys(options: {
  readonly uri: string;
  readonly clock: Clock;
  readonly fetch: Fetch;
}): KeySource {
  const { uri, clock, fetch } = options;
  const closing = new AbortController();
  let known:
    | { readonly keys: LocalJWKSet; readonly fetchedMs: number; readonly fetchedAtMs: number }
    | undefined;
  /** When the requests that were made will all have been made up for. */
  let spentUntilMs = Number.NEGATIVE_INFINITY;
  let request: Promise<void> | undefined;

  const load = async (): Promise<void> => {
    const fetchedAtMs = clock.now();
    const fetchedMs = clock.monotonicMs();
    const keys = createLocalJWKSet(await fetchKeySet(uri, { clock, fetch, closing: closing.signal }));
    known = { keys, fetchedMs, fetchedAtMs };
  };

  /** @returns false where there were too many requests in too short a time. */
  const refresh = async (): Promise<boolean> => {
    if (request === undefined) {
      const { jwksBurstCount, jwksCooldownMs } = SSF_LIMITS;
      const nowMs = clock.monotonicMs();
      if (spentUntilMs - nowMs > (jwksBurstCount - 1) * jwksCooldownMs) return false;
      spentUntilMs = Math.max(spentUntilMs, nowMs) + jwksCooldownMs;
      request = load().finally(() => {
        request = undefined;
      });
    }
    try {
      await request;
    } catch (cause) {
      throw isSsfError(cause) ? cause : ssfError('RTA_SSF_KEYS_UNAVAILABLE', undefined, { cause });
    }
    return true;
  };

  const currentKeys = async (): Promise<NonNullable<typeof known>> => {
    const ageMs = known === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() - known.fetchedMs;
    if (ageMs > SSF_LIMITS.jwksMaxAgeMs) {
      try {
        await refresh();
      } catch (error) {
        if (ageMs > SSF_LIMITS.jwksStaleMs) throw error;
      }
    }
    if (known === undefined || clock.monotonicMs() - known.fetchedMs > SSF_LIMITS.jwksStaleMs) {
      throw ssfError('RTA_SSF_KEYS_UNAVAILABLE');
    }
    return known;
  };

  return {
    async keyFor(hint) {
      let { keys, fetchedAtMs } = await currentKeys();
      try {
        return await findKey(keys, hint);
      } catch (error) {
        const askedAtMs = clock.now();
        if (await refresh()) {
          ({ keys, fetchedAtMs } = await currentKeys());
          const found = await findKey(keys, hint).catch(() => undefined);
          if (found !== undefined) return found;
          // Whatever was published before it was signed is among these.
          if (fetchedAtMs >= askedAtMs) throw error;
        }
        // A token that is younger than the key set may be signed with a key that was published in between. To say no
        // for good would lose a revocation; to ask again at once would let anybody make us ask. Tokens are dated in
        // whole seconds: one of the second in which the keys were read may be younger.
        if ((hint.issuedAtMs ?? 0) + 1_000 > fetchedAtMs) {
          throw ssfError('RTA_SSF_KEYS_UNAVAILABLE', 'the key set was read too recently to read it again');
        }
        throw error;
      }
    },
    close: () => closing.abort(),
  };
}

async function findKey(keys: LocalJWKSet, { algorithm, keyId }: KeyHint): Promise<CryptoKey> {
  try {
    return await keys({ alg: algorithm, ...(keyId === undefined ? {} : { kid: keyId }) });
  } catch (cause) {
    if (cause instanceof errors.JWKSMultipleMatchingKeys) {
      throw ssfError('RTA_SSF_KEY', 'the token must say with `kid` which of the keys signed it', { cause });
    }
    throw ssfError('RTA_SSF_KEY', undefined, { cause });
  }
}

async function fetchKeySet(
  uri: string,
  options: { readonly clock: Clock; readonly fetch: Fetch; readonly closing: AbortSignal },
): Promise<JSONWebKeySet> {
  const timeout = new AbortController();
  const timer = options.clock.after(SSF_LIMITS.jwksTimeoutMs, () => timeout.abort());
  try {
    const response = await options.fetch(uri, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      // A redirect could lead to keys of somebody else.
      redirect: 'error',
      signal: AbortSignal.any([timeout.signal, options.closing]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw ssfError('RTA_SSF_KEYS_UNAVAILABLE', 'the key set was not answered with status 200', {
        details: { status: response.status },
      });
    }
    // What this is not, createLocalJWKSet refuses.
    return JSON.parse(await readText(response)) as JSONWebKeySet;
  } finally {
    timer.cancel();
  }
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest of the body.
    if (bytes > SSF_LIMITS.jwksBytes) {
      throw ssfError('RTA_SSF_KEYS_UNAVAILABLE', `the key set has more than ${SSF_LIMITS.jwksBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
