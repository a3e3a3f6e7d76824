import { createHash, X509Certificate } from 'node:crypto';
import { createDevPki } from '@rta/devkit';
import { describe, expect, test } from 'vitest';
import { dialQuic, listenQuic } from '../src/index.ts';
import { listenToFacts } from './facts.ts';
import { identity, pki, startServer } from './support.ts';

const YESTERDAY = new Date(Date.now() - 86_400_000);
const LAST_WEEK = new Date(Date.now() - 7 * 86_400_000);
const TOMORROW = new Date(Date.now() + 86_400_000);

describe('a client refuses', () => {
  test('a certificate of an authority that it does not trust', async () => {
    const other = await createDevPki();
    await using server = await startServer();
    await expect(server.dial({ ca: other.caCertPem })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CERTIFICATE',
    });
  });

  test('and says so: the server does not wait for a handshake that will not be', async () => {
    const facts = listenToFacts();
    const other = await createDevPki();
    await using server = await startServer();
    await expect(server.dial({ ca: other.caCertPem })).rejects.toThrow();
    const unknownAuthority = 0x100 + 48;
    await facts.until(({ fact }) => fact === 'handshake-failed');
    expect([...facts]).toMatchObject([{ fact: 'handshake-failed', by: 'transport', code: unknownAuthority }]);
  });

  test('a certificate of its development authority when it trusts the well-known ones only', async () => {
    await using server = await startServer();
    await expect(dialQuic({ host: '127.0.0.1', port: server.port })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CERTIFICATE',
    });
  });

  test.each(['other.test', 'localhost.test', 'sub.localhost', '127.0.0.2', '::2'])(
    'a certificate that is not for %s',
    async (serverName) => {
      await using server = await startServer();
      await expect(server.dial({ serverName })).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CERTIFICATE' });
    },
  );

  test('a certificate whose only name is the common name', async () => {
    const issued = await pki.issueServerCertificate({ names: [], ips: ['127.0.0.9'] });
    await using server = await startServer({ cert: issued.certPem, key: issued.keyPem });
    await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CERTIFICATE' });
  });

  test('a certificate that has expired', async () => {
    const issued = await pki.issueServerCertificate({
      names: ['localhost'],
      ips: ['127.0.0.1'],
      notBefore: LAST_WEEK,
      notAfter: YESTERDAY,
    });
    await using server = await startServer({ cert: issued.certPem, key: issued.keyPem });
    await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CERTIFICATE' });
  });

  test('a certificate that is not valid yet', async () => {
    const issued = await pki.issueServerCertificate({
      names: ['localhost'],
      ips: ['127.0.0.1'],
      notBefore: TOMORROW,
    });
    await using server = await startServer({ cert: issued.certPem, key: issued.keyPem });
    await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CERTIFICATE' });
  });
});

describe('a client accepts', () => {
  test.each(['localhost', '127.0.0.1', '::1', 'LOCALHOST'])(
    'a certificate that is for %s',
    async (serverName) => {
      await using server = await startServer();
      await using client = await server.dial({ serverName });
      expect(client.kind).toBe('quic');
    },
  );

  test('one of several authorities', async () => {
    const other = await createDevPki();
    await using server = await startServer();
    await using client = await server.dial({ ca: `${other.caCertPem}\n${pki.caCertPem}` });
    expect(client.kind).toBe('quic');
  });
});

test('the channel binding is the SHA-256 of the certificate, on both sides [P-1.3]', async () => {
  await using server = await startServer();
  const ends = await server.pair();
  const expected = createHash('sha256').update(new X509Certificate(identity.cert).raw).digest('hex');
  expect(Buffer.from(ends.client.channelBinding).toString('hex')).toBe(expected);
  expect(Buffer.from(ends.server.channelBinding).toString('hex')).toBe(expected);
});

test('a server that is renewed has another channel binding', async () => {
  const renewed = await pki.issueServerCertificate({ names: ['localhost'], ips: ['127.0.0.1'] });
  await using before = await startServer();
  await using after = await startServer({ cert: renewed.certPem, key: renewed.keyPem });
  const [one, other] = [await before.dial(), await after.dial()];
  expect([...one.channelBinding]).not.toEqual([...other.channelBinding]);
});

const listen = (chosen: object) =>
  listenQuic({ host: '127.0.0.1', port: 0, ...identity, onConnection: () => {}, ...chosen });

describe('options that cannot work are refused at once', () => {
  test('a key that belongs to another certificate', async () => {
    const other = await pki.issueServerCertificate({ names: ['localhost'] });
    await expect(listen({ key: other.keyPem })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CONFIG',
      details: { option: 'key' },
    });
  });

  test.each(['cert', 'key'])('a %s that is not PEM', async (option) => {
    await expect(listen({ [option]: 'x' })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CONFIG',
      details: { option },
    });
  });

  test.each([
    '',
    'x',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
    '-----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----',
  ])('authorities that are no certificates: %j', async (ca) => {
    await using server = await startServer();
    await expect(server.dial({ ca })).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_CONFIG',
      details: { option: 'ca' },
    });
  });

  test.each([
    { limits: { maxStreamCount: 0 } },
    { limits: { highWaterBytes: 2_000_000 } },
    { maxConnectionCount: 0 },
    { maxHandshakeCount: -1 },
    { idleTimeoutMs: 0.5 },
    { port: 70_000 },
  ])('%j', async (chosen) => {
    await expect(listen(chosen)).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CONFIG' });
  });

  test.each([{ port: 0 }, { connectTimeoutMs: -1 }, { idleTimeoutMs: 1_000, keepAliveMs: 501 }])(
    'a dial with %j',
    async (chosen) => {
      await using server = await startServer();
      await expect(server.dial(chosen)).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CONFIG' });
    },
  );

  test('a port that is taken', async () => {
    await using server = await startServer();
    await expect(listen({ port: server.port })).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CONFIG' });
  });

  test('no error tells a key', async () => {
    const error = await listen({ key: identity.key.replace('MIG', 'XXX') }).catch(
      (caught: unknown) => caught,
    );
    expect(JSON.stringify(error)).not.toContain(identity.key.slice(40, 60));
    expect(String(error)).not.toContain(identity.key.slice(40, 60));
  });
});
