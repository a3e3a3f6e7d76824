import { createHash, X509Certificate } from 'node:crypto';
import { TLS_CERTIFICATE_EXPIRED, TLS_CERTIFICATE_REQUIRED } from './errors.ts';
import type { NativeConnection } from './native.ts';

/** SHA-256 of a client's certificate (DER): `x5t#S256` of RFC 8705 §3.1. */
export function certificateThumbprint(der: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(der).digest());
}

/** Who a client is, or the TLS alert with which to turn it away. */
export type ClientIdentity = { readonly thumbprint: Uint8Array | undefined } | { readonly refusal: number };

/**
 * Who is at the other end of a connection whose handshake is complete, or that resumes another with early data.
 *
 * The TLS library has verified the chain, the validity, the purpose and the possession of the key, in the handshake
 * that showed the certificate. A resumed connection shows none; it stands on the ticket, which keeps the certificate.
 * So what may have changed since is judged again: whether one is required, and whether it has expired.
 *
 * @param native of a server that asks its clients for certificates.
 * @param required whether a client without one is turned away.
 */
export function identifyClient(
  native: Pick<NativeConnection, 'peerCertChain' | 'isResumed'>,
  required: boolean,
  nowMs: number,
): ClientIdentity {
  const [der] = native.peerCertChain() ?? [];
  if (der === undefined) return required ? { refusal: TLS_CERTIFICATE_REQUIRED } : { thumbprint: undefined };
  const expiresAtMs = Date.parse(new X509Certificate(der).validTo);
  if (native.isResumed() && !(nowMs <= expiresAtMs)) return { refusal: TLS_CERTIFICATE_EXPIRED };
  return { thumbprint: certificateThumbprint(der) };
}
