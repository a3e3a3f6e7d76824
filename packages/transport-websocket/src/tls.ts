import { constants, createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { type ClientAuthentication, type ServerCredentials, transportError } from '@rta/transport';
import { notUsable } from './errors.ts';

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** RFC 9266 §4. */
const BINDING_LABEL = 'EXPORTER-Channel-Binding';
const BINDING_BYTES = 32;

/**
 * What a server's TLS is made of.
 *
 * Sessions are not resumed: a resumed one shows no certificate, so that a client would go on to be known by one that
 * has expired or whose authority is trusted no more, and `reload` would not reach it. A connection lives for hours;
 * a full handshake at its beginning costs little. Tickets are sent all the same, and nothing is kept behind them.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG`.
 */
export function serverTlsOptions(
  credentials: ServerCredentials,
  clients: ClientAuthentication | undefined,
): SecureContextOptions {
  checkCredentials(credentials);
  if (clients !== undefined) checkAuthorities('clientAuthentication', clients.ca);
  return checked({
    cert: credentials.cert,
    key: credentials.key,
    ...(clients === undefined ? {} : { ca: clients.ca }),
    minVersion: 'TLSv1.3',
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
}

/**
 * What a client's TLS is made of.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG`.
 */
export function clientTlsOptions(
  ca: string | undefined,
  credentials: ServerCredentials | undefined,
): SecureContextOptions {
  if (ca !== undefined) checkAuthorities('ca', ca);
  if (credentials !== undefined) checkCredentials(credentials);
  return checked({
    ...(ca === undefined ? {} : { ca }),
    ...(credentials === undefined ? {} : { cert: credentials.cert, key: credentials.key }),
    minVersion: 'TLSv1.3',
  });
}

/** The channel binding: both ends of one TLS connection see the same, and those of no other do (RFC 9266). */
export function channelBinding(socket: TLSSocket): Uint8Array {
  return Uint8Array.from(socket.exportKeyingMaterial(BINDING_BYTES, BINDING_LABEL, Buffer.alloc(0)));
}

/** SHA-256 of a certificate (DER): `x5t#S256` of RFC 8705 §3.1. */
export function thumbprint(certificate: X509Certificate): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(certificate.raw).digest());
}

/**
 * Checks that a certificate was issued for the server that was meant. TLS has verified the chain and the time.
 *
 * @param der the server's certificate.
 * @param serverName a DNS name or an IP address; the common name of a certificate does not count.
 * @returns the error, `RTA_TRANSPORT_CERTIFICATE`, or undefined where it was.
 * @see RFC 9525 §6
 */
export function identifyServer(der: Uint8Array, serverName: string): Error | undefined {
  const certificate = new X509Certificate(der);
  const matched =
    isIP(serverName) === 0
      ? certificate.checkHost(serverName, { subject: 'never' })
      : certificate.checkIP(serverName);
  if (matched !== undefined) return undefined;
  return transportError('RTA_TRANSPORT_CERTIFICATE', undefined, { details: { serverName } });
}

function checkCredentials({ cert, key }: ServerCredentials): void {
  const [leaf] = parseCertificates('cert', cert);
  if (leaf === undefined) throw notUsable('cert', 'holds no certificate');
  let matches: boolean;
  try {
    matches = leaf.checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw notUsable('key', 'is not a private key in PEM', cause);
  }
  if (!matches) throw notUsable('key', 'does not belong to the certificate');
}

/** Node.js takes an empty list for "those that I trust", and skips what it cannot read. */
function checkAuthorities(option: string, pem: string): void {
  if (parseCertificates(option, pem).length === 0) throw notUsable(option, 'holds no certificate');
}

function parseCertificates(option: string, pem: string): X509Certificate[] {
  try {
    return (pem.match(PEM_CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
  } catch (cause) {
    throw notUsable(option, 'is not certificates in PEM', cause);
  }
}

function checked(options: SecureContextOptions): SecureContextOptions {
  try {
    createSecureContext(options);
  } catch (cause) {
    throw notUsable('tls', 'the TLS library refuses the certificates or the key', cause);
  }
  return options;
}
