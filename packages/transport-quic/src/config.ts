import { createPrivateKey, X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { isRtaError } from '@rta/core';
import {
  type ClientAuthentication,
  type ServerCredentials,
  type TransportLimits,
  transportError,
} from '@rta/transport';
import { QUIC_LIMITS } from './limits.ts';
import { CONGESTION_CONTROL, NativeConfig } from './native.ts';

/** Signature algorithms of certificates, in order of preference (RFC 8446 §4.2.3). */
const SIGNATURE_ALGORITHMS = [
  'ed25519',
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'ecdsa_secp521r1_sha512',
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
].join(':');

/** The protocol of RealTimeAuth (`docs/spec/protocol.md`). */
export const DEFAULT_ALPN: readonly string[] = ['rta/1'];

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** What the TLS library knows a certificate by: a line of its own. */
const PEM_CERTIFICATE_BEGINS = /^-----BEGIN CERTIFICATE-----\s*$/m;

/** What both sides of a connection choose. */
export interface PeerConfig {
  readonly alpn: readonly string[] | undefined;
  readonly limits: TransportLimits;
  readonly idleTimeoutMs: number;
  /** Whether a connection may be resumed with early data (0-RTT). */
  readonly earlyData: boolean;
}

/** The configuration of a server: it shows a certificate, and asks for one where it wants to know its clients. */
export function serverConfig(
  options: PeerConfig & {
    readonly credentials: ServerCredentials;
    readonly clientAuthentication: ClientAuthentication | undefined;
  },
): NativeConfig {
  const { credentials, clientAuthentication } = options;
  return withTransportParameters(options, () => {
    const config = tlsConfig({
      // The binding knows "a certificate, or nothing" only; what it verifies is the same.
      verifiesPeer: clientAuthentication?.required === true,
      ca: clientAuthentication?.ca,
      credentials,
    });
    // quiche's own setting asks for a certificate, verifies what comes, and goes on where none comes.
    if (clientAuthentication !== undefined && clientAuthentication.required !== true) config.verifyPeer(true);
    return config;
  });
}

/** The configuration of a client: it verifies the server's certificate against the authorities. */
export function clientConfig(
  options: Omit<PeerConfig, 'earlyData'> & {
    readonly ca: string;
    readonly credentials: ServerCredentials | undefined;
  },
): NativeConfig {
  const { ca, credentials } = options;
  // Without a ticket there is no early data, whatever the configuration says.
  return withTransportParameters({ ...options, earlyData: true }, () => {
    try {
      return tlsConfig({ verifiesPeer: true, ca, credentials });
    } catch (error) {
      // The TLS library does not say which it refuses.
      checkAuthorities(ca);
      throw error;
    }
  });
}

function tlsConfig(options: {
  /** Fails the handshake of a peer that shows no certificate, or one that cannot be verified. */
  readonly verifiesPeer: boolean;
  readonly ca: string | undefined;
  readonly credentials: ServerCredentials | undefined;
}): NativeConfig {
  const { verifiesPeer, ca, credentials } = options;
  const encoder = new TextEncoder();
  // The second flag would take every certificate.
  return NativeConfig.withBoringSslCtx(
    verifiesPeer,
    false,
    ca === undefined ? undefined : encoder.encode(ca),
    credentials === undefined ? undefined : [encoder.encode(credentials.key)],
    credentials === undefined ? undefined : [encoder.encode(credentials.cert)],
    SIGNATURE_ALGORITHMS,
  );
}

/**
 * The authorities that a client trusts: those that it was given, or those that Node.js trusts.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` where there is no certificate among them.
 */
export function authorities(ca: string | undefined): string {
  if (ca === undefined) return defaultAuthorities();
  // The TLS library takes a text without a certificate, and trusts nobody; what is in a certificate it reads itself.
  if (!PEM_CERTIFICATE_BEGINS.test(ca)) throw notUsable('ca', 'holds no certificate');
  return ca;
}

/** @throws RtaError `RTA_TRANSPORT_CONFIG` where there is no certificate among them. */
export function checkAuthorities(ca: string): void {
  if (parseCertificates('ca', ca).length === 0) throw notUsable('ca', 'holds no certificate');
}

/** The authorities that Node.js trusts; before Node 22.15, without those that `NODE_EXTRA_CA_CERTS` adds. */
function defaultAuthorities(): string {
  const { getCACertificates, rootCertificates }: Partial<typeof tls> = tls;
  return (getCACertificates?.('default') ?? rootCertificates ?? []).join('\n');
}

/**
 * Checks a certificate and its key: quiche takes what does not fit, and fails at the first handshake.
 *
 * @returns the certificate of the key's holder: the first of the chain.
 * @throws RtaError `RTA_TRANSPORT_CONFIG`.
 */
export function checkCredentials({ cert, key }: ServerCredentials): X509Certificate {
  const [leaf] = parseCertificates('cert', cert);
  if (leaf === undefined) throw notUsable('cert', 'holds no certificate');
  let matches: boolean;
  try {
    matches = leaf.checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw notUsable('key', 'is not a private key in PEM', cause);
  }
  if (!matches) throw notUsable('key', 'does not belong to the certificate');
  return leaf;
}

function withTransportParameters(options: PeerConfig, make: () => NativeConfig): NativeConfig {
  let config: NativeConfig;
  try {
    config = make();
  } catch (cause) {
    if (isRtaError(cause)) throw cause;
    throw notUsable('tls', 'the TLS library refuses the certificates or the key', cause);
  }
  config.setApplicationProtos([...(options.alpn ?? DEFAULT_ALPN)]);
  config.setMaxIdleTimeout(options.idleTimeoutMs);
  config.setInitialMaxStreamsBidi(options.limits.maxStreamCount);
  // The port has bidirectional streams only.
  config.setInitialMaxStreamsUni(0);
  config.setInitialMaxData(QUIC_LIMITS.connectionWindowBytes);
  config.setInitialMaxStreamDataBidiLocal(QUIC_LIMITS.streamWindowBytes);
  config.setInitialMaxStreamDataBidiRemote(QUIC_LIMITS.streamWindowBytes);
  config.setMaxConnectionWindow(QUIC_LIMITS.maxConnectionWindowBytes);
  config.setMaxStreamWindow(QUIC_LIMITS.maxStreamWindowBytes);
  if (options.earlyData) config.enableEarlyData();
  config.setActiveConnectionIdLimit(QUIC_LIMITS.pathCount);
  config.setDisableActiveMigration(false);
  // Two paths that shared an id could make quiche loop without end when the peer retires it (CVE-2025-7054).
  config.setDisableDcidReuse(true);
  // Packets leave when the event loop has its turn; quiche's pacing times are not used. Without pacing, quiche's CUBIC
  // and Reno note packets as sent when a burst began, which after losses is round trips ago: the estimate of the round
  // trip then grows with each, and connections stall for seconds. BBR notes them in time (docs/adr/0008).
  config.enablePacing(false);
  config.setCcAlgorithm(CONGESTION_CONTROL);
  return config;
}

function parseCertificates(option: string, pem: string): X509Certificate[] {
  try {
    return (pem.match(PEM_CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
  } catch (cause) {
    throw notUsable(option, 'is not certificates in PEM', cause);
  }
}

function notUsable(option: string, reason: string, cause?: unknown): Error {
  return transportError('RTA_TRANSPORT_CONFIG', `${option} ${reason}`, { details: { option }, cause });
}
