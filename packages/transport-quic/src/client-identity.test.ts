import { createHash, X509Certificate } from 'node:crypto';
import { createDevPki } from '@rta/devkit';
import { expect, test } from 'vitest';
import { certificateThumbprint, identifyClient } from './client-identity.ts';

const EXPIRES_AT_MS = Date.parse('2026-03-01T00:00:00Z');

const pki = await createDevPki();
const { certPem } = await pki.issueClientCertificate({
  name: 'agent-1',
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date(EXPIRES_AT_MS),
});
const der = new X509Certificate(certPem).raw;
const thumbprint = createHash('sha256').update(der).digest('hex');

const connection = (chain: Uint8Array[] | null, isResumed = false) => ({
  peerCertChain: () => chain,
  isResumed: () => isResumed,
});

test('a thumbprint is the SHA-256 of the certificate', () => {
  expect(Buffer.from(certificateThumbprint(der)).toString('hex')).toBe(thumbprint);
});

test('a client is known by the first certificate of its chain', () => {
  const chain = [der, new X509Certificate(pki.caCertPem).raw];
  expect(identifyClient(connection(chain), true, EXPIRES_AT_MS)).toEqual({
    thumbprint: new Uint8Array(Buffer.from(thumbprint, 'hex')),
  });
});

test.each([null, []])(
  'a client that showed none (%j) is nobody, or turned away where one is required',
  (chain) => {
    expect(identifyClient(connection(chain), false, 0)).toEqual({ thumbprint: undefined });
    // certificate_required.
    expect(identifyClient(connection(chain), true, 0)).toEqual({ refusal: 0x100 + 116 });
  },
);

test('a resumed connection is turned away once its certificate has expired', () => {
  expect(identifyClient(connection([der], true), false, EXPIRES_AT_MS)).toHaveProperty('thumbprint');
  // certificate_expired.
  expect(identifyClient(connection([der], true), false, EXPIRES_AT_MS + 1)).toEqual({ refusal: 0x100 + 45 });
});
