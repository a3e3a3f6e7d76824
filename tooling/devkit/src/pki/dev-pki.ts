// `@peculiar/x509` injects its parts with decorators, which read metadata: the polyfill must load before it.
// oxlint-disable-next-line import/no-unassigned-import -- it is a polyfill
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { type Clock, systemClock } from '@rta/core';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const SERIAL_BYTES = 16;
const CA_LIFETIME_MS = 10 * 365 * 24 * 3_600_000;
const LEAF_LIFETIME_MS = 30 * 24 * 3_600_000;
/** Peers whose clocks run behind accept the certificate all the same. */
const BACKDATE_MS = 3_600_000;

/** What a server certificate is issued for. */
export interface ServerCertificateRequest {
  /** DNS names, each a subject alternative name; the first is the common name too. */
  readonly names: readonly string[];
  /** IP addresses, each a subject alternative name; none by default. */
  readonly ips?: readonly string[];
  /** Start of validity; default one hour ago. */
  readonly notBefore?: Date;
  /** End of validity; default in 30 days. */
  readonly notAfter?: Date;
}

/** What a client certificate is issued for. */
export interface ClientCertificateRequest {
  /** The common name, e.g. of an agent. */
  readonly name: string;
  /** Start of validity; default one hour ago. */
  readonly notBefore?: Date;
  /** End of validity; default in 30 days. */
  readonly notAfter?: Date;
}

/** A certificate and its private key. */
export interface IssuedCertificate {
  /** The certificate, PEM. */
  readonly certPem: string;
  /** The private key, PKCS #8 PEM. */
  readonly keyPem: string;
}

/** A certificate authority that lives as long as the process: for development and tests, never for production. */
export interface DevPki {
  /** The authority's certificate, PEM: what clients trust. */
  readonly caCertPem: string;
  /** Issues a TLS server certificate with a fresh ECDSA P-256 key. */
  issueServerCertificate(request: ServerCertificateRequest): Promise<IssuedCertificate>;
  /** Issues a TLS client certificate with a fresh ECDSA P-256 key. */
  issueClientCertificate(request: ClientCertificateRequest): Promise<IssuedCertificate>;
}

/**
 * Makes a certificate authority with an ECDSA P-256 key that never leaves this process.
 *
 * @param options.commonName the authority's name, default `RealTimeAuth development CA`.
 * @param options.clock decides the validity periods, default the machine's clock.
 * @see RFC 5280 §4.2
 */
export async function createDevPki(options: { commonName?: string; clock?: Clock } = {}): Promise<DevPki> {
  const clock = options.clock ?? systemClock;
  const issuer = [{ CN: [options.commonName ?? 'RealTimeAuth development CA'] }];
  const caKeys = await generateKeys();
  const caCertificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: issuer,
    notBefore: new Date(clock.now() - BACKDATE_MS),
    notAfter: new Date(clock.now() + CA_LIFETIME_MS),
    signingAlgorithm: ALGORITHM,
    keys: caKeys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });

  async function issue(
    commonName: string,
    validity: { readonly notBefore?: Date; readonly notAfter?: Date },
    usage: readonly Extension[],
  ): Promise<IssuedCertificate> {
    const keys = await generateKeys();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: randomSerial(),
      subject: [{ CN: [commonName] }],
      issuer: caCertificate.subject,
      notBefore: validity.notBefore ?? new Date(clock.now() - BACKDATE_MS),
      notAfter: validity.notAfter ?? new Date(clock.now() + LEAF_LIFETIME_MS),
      signingAlgorithm: ALGORITHM,
      signingKey: caKeys.privateKey,
      publicKey: keys.publicKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        ...usage,
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
        await AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
      ],
    });
    return { certPem: certificate.toString('pem'), keyPem: await privateKeyPem(keys.privateKey) };
  }

  return {
    caCertPem: caCertificate.toString('pem'),
    issueServerCertificate: async (request) => {
      const commonName = request.names[0] ?? request.ips?.[0];
      if (commonName === undefined) throw new TypeError('a server certificate needs a name or an IP address');
      const names: JsonGeneralNames = [
        ...request.names.map((value) => ({ type: 'dns' as const, value })),
        ...(request.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
      ];
      return issue(commonName, request, [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(names),
      ]);
    },
    issueClientCertificate: (request) =>
      issue(request.name, request, [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])]),
  };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function randomSerial(): string {
  const bytes = Buffer.from(crypto.getRandomValues(new Uint8Array(SERIAL_BYTES)));
  // Positive and without a leading zero, so that the DER integer has one form (RFC 5280 §4.1.2.2).
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40;
  return bytes.toString('hex');
}
