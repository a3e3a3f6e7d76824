import { hkdfSync, randomBytes } from 'node:crypto';
import { transportError } from '@rta/transport';

const SECRET_BYTES = 32;
const KEY_BYTES = 32;

/**
 * The secret that a listener's keys are made from: the one that was passed, or a fresh one.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` where it is not 32 bytes.
 */
export function listenerSecret(chosen: Uint8Array | undefined): Uint8Array {
  if (chosen === undefined) return randomBytes(SECRET_BYTES);
  if (chosen.byteLength === SECRET_BYTES) return chosen;
  throw transportError('RTA_TRANSPORT_CONFIG', `secret is not ${SECRET_BYTES} bytes`, {
    details: { option: 'secret', bytes: chosen.byteLength },
  });
}

/** A key for one purpose: who learns it learns neither the secret nor the key of another purpose (RFC 5869). */
export function deriveKey(secret: Uint8Array, purpose: 'retry token' | 'stateless reset'): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), `rta quic ${purpose} v1`, KEY_BYTES));
}
