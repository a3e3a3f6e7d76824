import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { transportError } from '@rta/transport';

/** SHA-256 of a server certificate (DER): the channel binding of its connections. */
export function certificateBinding(der: Uint8Array): Uint8Array {
  return createHash('sha256').update(der).digest();
}

/** Who a server is. */
export interface ServerIdentity {
  /** The server's own certificate. */
  readonly certificate: X509Certificate;
  readonly channelBinding: Uint8Array;
}

/**
 * Says who a server is.
 *
 * @param chain what the server showed, DER, its own certificate first.
 * @throws RtaError `RTA_TRANSPORT_CERTIFICATE` where that is not who was meant.
 */
export type ServerIdentifier = (chain: readonly Uint8Array[] | null) => ServerIdentity;

/**
 * Checks that a certificate was issued for the server that was meant. The TLS library has verified the chain and
 * the time, and the name where it is a DNS name; it does not compare IP addresses.
 *
 * @param chain what the server showed, DER, its own certificate first.
 * @param serverName a DNS name or an IP address.
 * @throws RtaError `RTA_TRANSPORT_CERTIFICATE`.
 * @see RFC 9525 §6
 */
function identifyServer(chain: readonly Uint8Array[] | null, serverName: string): ServerIdentity {
  const der = chain?.[0];
  if (der === undefined)
    throw transportError('RTA_TRANSPORT_CERTIFICATE', 'the server showed no certificate');
  const certificate = new X509Certificate(der);
  const matched =
    isIP(serverName) === 0
      ? certificate.checkHost(serverName, { subject: 'never' })
      : certificate.checkIP(serverName);
  if (matched === undefined) {
    throw transportError('RTA_TRANSPORT_CERTIFICATE', undefined, { details: { serverName } });
  }
  return { certificate, channelBinding: certificateBinding(der) };
}

/** Identifies one server as often as asked, and reads a certificate that it has read before no second time. */
export function createServerIdentifier(serverName: string): ServerIdentifier {
  let known: ServerIdentity | undefined;
  return (chain) => {
    const der = chain?.[0];
    if (der === undefined || known?.certificate.raw.equals(der) !== true)
      known = identifyServer(chain, serverName);
    return known;
  };
}
