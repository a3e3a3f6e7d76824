import { createHash, X509Certificate } from 'node:crypto';
import { createDevPki } from '@rta/devkit';
import { describe, expect, test } from 'vitest';
import { ask, echo, listenToFacts, pki, startServer } from './support.ts';

const authority = await createDevPki();
const agent = await credentials();

describe('a server that asks for client certificates', () => {
  test('knows a client by the one that it shows, and both ends call it the same [W-1.7]', async () => {
    await using server = await startServer({ clientAuthentication: { ca: authority.caCertPem } });
    const ends = await server.pair({ credentials: agent });
    const expected = createHash('sha256').update(new X509Certificate(agent.cert).raw).digest('hex');
    expect(hexOf(ends.server.clientThumbprint)).toBe(expected);
    expect(hexOf(ends.client.clientThumbprint)).toBe(expected);
    echo(ends.server);
    expect(await ask(ends.client, 'hello')).toBe('hello');
  });

  test('serves one that shows none, unless it is required', async () => {
    await using lenient = await startServer({ clientAuthentication: { ca: authority.caCertPem } });
    const ends = await lenient.pair();
    expect(ends.server.clientThumbprint).toBeUndefined();
    expect(ends.client.clientThumbprint).toBeUndefined();

    const facts = listenToFacts();
    await using strict = await startServer({
      clientAuthentication: { ca: authority.caCertPem, required: true },
    });
    await expect(strict.dial()).rejects.toMatchObject({
      code: 'RTA_TRANSPORT_HANDSHAKE',
      details: { status: 403 },
    });
    expect(facts.seen.map((fact) => fact.fact === 'refused' && fact.because)).toEqual(['client-certificate']);
    expect(strict.listener.openConnections).toBe(0);
  });

  test.each([false, true])(
    'refuses one that does not verify, whether or not it is required (%s) [W-1.7]',
    async (required) => {
      await using server = await startServer({
        clientAuthentication: { ca: authority.caCertPem, required },
      });
      const stranger = await createDevPki();
      const issued = await stranger.issueClientCertificate({ name: 'agent' });
      const forServers = await authority.issueServerCertificate({ names: ['agent'] });
      for (const shown of [
        { cert: issued.certPem, key: issued.keyPem },
        { cert: forServers.certPem, key: forServers.keyPem },
        await credentials({ notAfter: new Date(Date.now() - 60_000) }),
        await credentials({ notBefore: new Date(Date.now() + 3_600_000) }),
      ]) {
        await expect(server.dial({ credentials: shown })).rejects.toMatchObject({
          code: 'RTA_TRANSPORT_HANDSHAKE',
          details: { status: 403 },
        });
      }
      expect(server.listener.openConnections).toBe(0);
    },
  );

  test('goes on to ask after its own certificate was reloaded', async () => {
    await using server = await startServer({
      clientAuthentication: { ca: authority.caCertPem, required: true },
    });
    const renewed = await pki.issueServerCertificate({ names: ['localhost'], ips: ['127.0.0.1'] });
    server.listener.reload({ cert: renewed.certPem, key: renewed.keyPem });
    await expect(server.dial()).rejects.toMatchObject({ code: 'RTA_TRANSPORT_HANDSHAKE' });
    const ends = await server.pair({ credentials: agent });
    expect(ends.server.clientThumbprint?.byteLength).toBe(32);
  });
});

test('a server that does not ask for a certificate does not know the client by one', async () => {
  await using server = await startServer();
  const ends = await server.pair({ credentials: agent });
  expect(ends.server.clientThumbprint).toBeUndefined();
});

async function credentials(validity: { notBefore?: Date; notAfter?: Date } = {}) {
  const issued = await authority.issueClientCertificate({ name: 'agent', ...validity });
  return { cert: issued.certPem, key: issued.keyPem };
}

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
}
