import { createPrivateKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { createDevPki } from './dev-pki.ts';

test('a server certificate is valid for its names and addresses and for nothing else', async () => {
  const pki = await createDevPki();
  const issued = await pki.issueServerCertificate({
    names: ['localhost', 'rta.test'],
    ips: ['127.0.0.1', '::1'],
  });
  const certificate = new X509Certificate(issued.certPem);
  const authority = new X509Certificate(pki.caCertPem);

  expect(certificate.checkIssued(authority)).toBe(true);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkHost('rta.test')).toBe('rta.test');
  expect(certificate.checkIP('::1')).toBe('::1');
  expect(certificate.checkHost('other.test')).toBeUndefined();
  expect(certificate.checkIP('127.0.0.2')).toBeUndefined();
  expect(certificate.ca).toBe(false);
  expect(authority.ca).toBe(true);
});

test('the private key belongs to the certificate', async () => {
  const pki = await createDevPki();
  const issued = await pki.issueServerCertificate({ names: ['localhost'] });
  expect(new X509Certificate(issued.certPem).checkPrivateKey(createPrivateKey(issued.keyPem))).toBe(true);
});

test('validity is what was asked for', async () => {
  const pki = await createDevPki();
  const issued = await pki.issueServerCertificate({
    names: ['localhost'],
    notBefore: new Date('2020-01-01T00:00:00Z'),
    notAfter: new Date('2020-02-01T00:00:00Z'),
  });
  const certificate = new X509Certificate(issued.certPem);
  expect(certificate.validFromDate.toISOString()).toBe('2020-01-01T00:00:00.000Z');
  expect(certificate.validToDate.toISOString()).toBe('2020-02-01T00:00:00.000Z');
});

test('a client certificate is for clients only, and a server certificate for servers', async () => {
  const pki = await createDevPki();
  const client = new X509Certificate((await pki.issueClientCertificate({ name: 'agent-1' })).certPem);
  const server = new X509Certificate((await pki.issueServerCertificate({ names: ['localhost'] })).certPem);

  expect(client.subject).toBe('CN=agent-1');
  // id-kp-clientAuth and id-kp-serverAuth (RFC 5280 §4.2.1.12).
  expect(client.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(client.verify(new X509Certificate(pki.caCertPem).publicKey)).toBe(true);
});

test('two authorities do not vouch for each other', async () => {
  const [one, other] = await Promise.all([createDevPki(), createDevPki()]);
  const issued = await one.issueServerCertificate({ names: ['localhost'] });
  expect(new X509Certificate(issued.certPem).verify(new X509Certificate(other.caCertPem).publicKey)).toBe(
    false,
  );
});

test('a certificate for nobody is refused', async () => {
  const pki = await createDevPki();
  await expect(pki.issueServerCertificate({ names: [] })).rejects.toThrow(TypeError);
});
