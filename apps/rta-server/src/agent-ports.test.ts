import { randomInt } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDevPki } from '@rta/devkit';
import type { TransportConnection } from '@rta/transport';
import { dialQuic } from '@rta/transport-quic';
import { dialWebSocket } from '@rta/transport-websocket';
import { pino } from 'pino';
import { afterAll, describe, expect, test } from 'vitest';
import { type AgentPortsOptions, openAgentPorts } from './agent-ports.ts';

const HOST = '127.0.0.1';
const pki = await createDevPki();
const ca = pki.caCertPem;
const issue = async (): Promise<{ cert: string; key: string }> => {
  const { certPem, keyPem } = await pki.issueServerCertificate({ names: ['localhost'], ips: [HOST] });
  return { cert: certPem, key: keyPem };
};
const credentials = await issue();
const folder = await mkdtemp(join(tmpdir(), 'rta-agent-ports-'));
afterAll(() => rm(folder, { recursive: true }));

/** Ports that are opened as a test says, what was logged, and who connected. */
async function openPorts(
  agents: Partial<AgentPortsOptions['agents']> = {},
  rest: Partial<AgentPortsOptions> = {},
): Promise<{
  ports: Awaited<ReturnType<typeof openAgentPorts>>;
  log: string[];
  accepted: TransportConnection[];
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const log: string[] = [];
  const accepted: TransportConnection[] = [];
  const ports = await openAgentPorts({
    agents: { host: HOST, port: 0, transports: ['quic', 'websocket'], earlyData: true, ...agents },
    credentials,
    clientAuthentication: undefined,
    onConnection: (connection) => void accepted.push(connection),
    protocols: ['rta/1'],
    logger: pino({}, { write: (line) => void log.push((JSON.parse(line) as { msg: string }).msg) }),
    ...rest,
  });
  return { ports, log, accepted, [Symbol.asyncDispose]: ports.close };
}

/** A port that nobody is given who asks for any. */
const somePort = (): number => randomInt(20_000, 32_000);

const noBinary = (): Promise<never> => Promise.reject(new Error('no binary for this platform'));

describe('the ports for agents', () => {
  test('have one number for QUIC and WebSocket, where any would do', async () => {
    await using t = await openPorts();
    expect(t.ports.transports).toEqual(['quic', 'websocket']);

    const server = { host: HOST, port: t.ports.port, ca };
    await using quic = await dialQuic(server);
    await using webSocket = await dialWebSocket(server);
    await expect.poll(() => t.accepted.map(({ kind }) => kind)).toEqual(['quic', 'websocket']);
    expect([quic.kind, webSocket.kind]).toEqual(['quic', 'websocket']);
  });

  test.each(['quic', 'websocket'] as const)(
    'are of %s alone where the configuration says so',
    async (kind) => {
      await using t = await openPorts({ transports: [kind] });

      expect(t.ports.transports).toEqual([kind]);
    },
  );

  test('are of WebSocket alone on a platform without QUIC, which is logged', async () => {
    await using t = await openPorts({}, { loadQuic: noBinary });

    expect(t.ports.transports).toEqual(['websocket']);
    expect(t.log).toEqual(['there is no QUIC on this platform: agents connect over WebSocket']);
  });

  test('are none where only QUIC is wanted and the platform has none', async () => {
    await expect(openPorts({ transports: ['quic'] }, { loadQuic: noBinary })).rejects.toMatchObject({
      code: 'RTA_CONFIG_INVALID',
    });
  });

  test('are none where the number is taken, and then nothing is left open', async () => {
    const port = somePort();
    await using taken = await openPorts({ port, transports: ['websocket'] });
    expect(taken.ports.port).toBe(port);
    await expect(openPorts({ port })).rejects.toMatchObject({ code: 'RTA_TRANSPORT_CONFIG' });

    await using free = await openPorts({ port, transports: ['quic'] });
    expect(free.ports.port).toBe(port);
  });

  test('show a certificate that was renewed', async () => {
    await using t = await openPorts();
    const server = { host: HOST, port: t.ports.port, ca };
    await using before = await dialQuic(server);

    t.ports.reload(await issue());

    await using after = await dialQuic(server);
    // Over QUIC the channel binding is the digest of the certificate.
    expect(after.channelBinding).not.toEqual(before.channelBinding);
    await using webSocket = await dialWebSocket(server);
    expect(webSocket.kind).toBe('websocket');
  });

  test('know agents by the certificates of the authority that is configured', async () => {
    const { certPem, keyPem } = await pki.issueClientCertificate({ name: 'agent-1' });
    await using t = await openPorts({}, { clientAuthentication: { ca, required: false } });
    const server = { host: HOST, port: t.ports.port, ca, credentials: { cert: certPem, key: keyPem } };
    await using quic = await dialQuic(server);
    await using webSocket = await dialWebSocket(server);

    await expect
      .poll(() => t.accepted.map(({ clientThumbprint }) => clientThumbprint?.byteLength))
      .toEqual([32, 32]);
    expect([quic.kind, webSocket.kind]).toEqual(['quic', 'websocket']);
  });

  test('trace QUIC connections where they are told to', async () => {
    const qlogFolder = join(folder, 'qlog');
    await using t = await openPorts({}, { qlogFolder });
    await using quic = await dialQuic({ host: HOST, port: t.ports.port, ca });

    await expect.poll(() => readdir(qlogFolder)).toHaveLength(1);
    expect(quic.kind).toBe('quic');
  });
});

describe('the secret of the transport', () => {
  const secretFile = join(folder, 'transport.key');

  test('is drawn where there is no file, which is logged', async () => {
    await using t = await openPorts();

    expect(t.log).toEqual([
      'agents.secretFile is not set: what agents keep of a connection is good here, until the next start',
    ]);
  });

  test('from a file lets another node take the tickets of this one', async () => {
    await writeFile(secretFile, `${Buffer.alloc(32, 7).toString('base64url')}\n`);
    const ticket = Promise.withResolvers<Uint8Array>();
    const port = somePort();
    {
      await using one = await openPorts({ secretFile, port, transports: ['quic'] });
      await using connection = await dialQuic({ host: HOST, port, ca });
      connection.onTicket(ticket.resolve);
      await ticket.promise;
      expect(one.log).toEqual([]);
    }
    await using other = await openPorts({ secretFile, port, transports: ['quic'] });
    await using resumed = await dialQuic({ host: HOST, port, ca, ticket: await ticket.promise });
    await resumed.established;

    expect(resumed.earlyData).toBe('accepted');
    expect(other.ports.port).toBe(port);
  });

  test('is refused where the file holds none', async () => {
    await writeFile(secretFile, 'not a secret');

    await expect(openPorts({ secretFile })).rejects.toMatchObject({ code: 'RTA_CONFIG_INVALID' });
  });
});
