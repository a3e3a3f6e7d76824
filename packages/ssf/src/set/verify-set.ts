import { compactVerify, errors } from 'jose';
import { ssfError } from '../errors.ts';
import type { CompactSet } from './compact-set.ts';
import type { KeySource } from './key-source.ts';

/**
 * Checks that a transmitter signed a token, with an algorithm that it may use and a key that it publishes.
 * RSA keys below 2048 bits count as no key.
 *
 * @throws RtaError `RTA_SSF_ALGORITHM`, `RTA_SSF_KEY`, `RTA_SSF_KEYS_UNAVAILABLE`, `RTA_SSF_SIGNATURE`
 * @see SSF 1.0 §4.1.4, CAEP interoperability profile §2.6, RFC 8725 §3.1
 */
export async function verifySignature(
  set: CompactSet,
  transmitter: { readonly algorithms: ReadonlySet<string>; readonly keys: KeySource },
): Promise<void> {
  const { algorithm, keyId } = set;
  if (!transmitter.algorithms.has(algorithm)) throw ssfError('RTA_SSF_ALGORITHM');
  const { iat } = set.payload;
  const issuedAtMs = typeof iat === 'number' ? iat * 1000 : undefined;
  const key = await transmitter.keys.keyFor({ algorithm, keyId, issuedAtMs });
  try {
    await compactVerify(set.text, key, { algorithms: [algorithm] });
  } catch (cause) {
    if (cause instanceof errors.JWSSignatureVerificationFailed) {
      throw ssfError('RTA_SSF_SIGNATURE', undefined, { cause });
    }
    // What is left is the key: too short, or not one for this algorithm.
    throw ssfError('RTA_SSF_KEY', undefined, { cause });
  }
}
