import { connect as connectTls } from 'node:tls';
import { createDevPki } from '@rta/devkit';
import { connect } from '@rta/sdk';
import { expect, test } from 'vitest';
import { type Deployment, READ, startDeployment } from './deployment.ts';

/** Issues certificates to agents, and to nobody else. */
const agents = await createDevPki();
const ISSUED = { names: ['localhost'], ips: ['127.0.0.1'] };

/** Serial number of the certificate that the HTTPS port shows. */
function serialAt({ server, pki }: Deployment): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port: server.httpPort, ca: pki.caCertPem }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('a certificate that is renewed is shown on every port, and who is connected goes on', async () => {
  await using t = await startDeployment();
  const endpoint = `127.0.0.1:${t.server.agentsPort}`;
  const ca = t.pki.caCertPem;
  await using before = await connect(endpoint, { ca });
  const session = await before.exchange({ subjectToken: await t.signIn(), agent: { id: 'agent-1' } });
  const serial = await serialAt(t);
  const { certPem, keyPem } = await t.pki.issueServerCertificate(ISSUED);
  await Promise.all([t.write('server.pem', certPem), t.write('server.key', keyPem)]);

  await t.server.reloadCertificate();

  expect(await serialAt(t)).not.toBe(serial);
  for (const transport of ['quic', 'websocket'] as const) {
    await using client = await connect(endpoint, { ca, transports: [transport] });
    expect(client.transport).toBe(transport);
  }
  expect(await session.authorize(READ)).toMatchObject({ permitted: true });
  expect(t.log.map(({ msg }) => msg)).toContain('the certificate was reloaded');
});

test('a certificate without its key is logged, and the old one stays', async () => {
  await using t = await startDeployment();
  const serial = await serialAt(t);
  const { certPem } = await t.pki.issueServerCertificate(ISSUED);
  await t.write('server.pem', certPem);

  await t.server.reloadCertificate();

  expect(await serialAt(t)).toBe(serial);
  expect(t.log).toContainEqual(expect.objectContaining({ code: 'RTA_CONFIG_INVALID' }));
  await using client = await connect(`127.0.0.1:${t.server.agentsPort}`, { ca: t.pki.caCertPem });
  expect(client.transport).toBe('quic');
});

test('an agent that must show a certificate is served with one, and not without', async () => {
  await using t = await startDeployment(
    {
      tls: {
        certFile: 'server.pem',
        keyFile: 'server.key',
        clientCaFile: 'agents.pem',
        requireClientCertificate: true,
      },
    },
    { 'agents.pem': agents.caCertPem },
  );
  const endpoint = `127.0.0.1:${t.server.agentsPort}`;
  const ca = t.pki.caCertPem;
  const { certPem, keyPem } = await agents.issueClientCertificate({ name: 'agent-1' });
  const credentials = { cert: certPem, key: keyPem };

  for (const [transport, code] of [
    // In TLS 1.3 a client is done before the server has looked at what it showed.
    ['quic', 'RTA_SDK_DISCONNECTED'],
    ['websocket', 'RTA_TRANSPORT_HANDSHAKE'],
  ] as const) {
    await using client = await connect(endpoint, { ca, credentials, transports: [transport] });
    await using session = await client.exchange({ subjectToken: await t.signIn(), agent: { id: transport } });
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });
    await expect(connect(endpoint, { ca, transports: [transport] })).rejects.toMatchObject({ code });
  }
});
