import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { createDevPki } from '@rta/devkit';
import type { InteropCase } from '../interop-case.ts';
import { echo, openTalk } from '../our-side.ts';

/** TLS alerts as QUIC codes: 0x100 and the alert (RFC 9001 §4.8). */
const NO_APPLICATION_PROTOCOL = 0x178;
/** `bad_certificate` to `unknown_ca`: implementations differ in which of them fits. */
const CERTIFICATE_ALERTS = [42, 43, 44, 45, 46, 48].map((alert) => 0x100 + alert);
/** The server has no room (RFC 9000 §20.1). */
const CONNECTION_REFUSED = 0x02;

/** Handshakes, and what they refuse. */
export const HANDSHAKE_CASES: readonly InteropCase[] = [
  {
    name: 'the handshake is completed, with `rta/1` as the application protocol',
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer();
      const [connection, accepted] = await Promise.all([stage.dial(port), peer.ask({ command: 'accept' })]);
      assert.equal(accepted['alpn'], 'rta/1');
      const { raw } = new X509Certificate(stage.certificate.certPem);
      assert.deepEqual([...connection.channelBinding], [...createHash('sha256').update(raw).digest()]);
      assert.equal(await openTalk(connection).say('hello'), 'hello');
    },
    ourServer: async (stage) => {
      const server = await stage.listen();
      const peer = await stage.theirClient(server.port);
      const connected = await peer.ask({ command: 'connect' });
      assert.equal(connected['alpn'], 'rta/1');
      echo(await server.next());
      assert.equal((await peer.ask({ command: 'talk', text: 'hello' }))['answer'], 'hello');
    },
  },
  {
    name: 'a server certificate of an unknown authority is refused',
    ourClient: async (stage) => {
      const { peer, port } = await stage.theirServer();
      const other = await createDevPki({ commonName: 'Another authority' });
      const [, failed] = await Promise.all([
        assert.rejects(stage.dial(port, { ca: other.caCertPem }), { code: 'RTA_TRANSPORT_CERTIFICATE' }),
        peer.ask({ command: 'accept' }),
      ]);
      assert.equal(failed['by'], 'transport');
      assert.ok(CERTIFICATE_ALERTS.includes(Number(failed['code'])), `code ${String(failed['code'])}`);
    },
  },
  {
    name: 'a server certificate of an unknown authority is refused',
    ourServer: async (stage) => {
      const server = await stage.listen();
      const other = await createDevPki({ commonName: 'Another authority' });
      const peer = await stage.theirClient(server.port, { ca: other.caCertPem });
      const failed = await peer.ask({ command: 'connect' });
      assert.equal(failed.ok, false);
      assert.ok(CERTIFICATE_ALERTS.includes(Number(failed['code'])), `code ${String(failed['code'])}`);
      assert.equal(server.listener.openConnections, 0);
    },
  },
  {
    name: 'a server certificate for another name is refused',
    ourClient: async (stage) => {
      const { port } = await stage.theirServer();
      await assert.rejects(stage.dial(port, { serverName: 'other.test' }), {
        code: 'RTA_TRANSPORT_CERTIFICATE',
      });
    },
    ourServer: async (stage) => {
      const { certPem: cert, keyPem: key } = await stage.pki.issueServerCertificate({
        names: ['other.test'],
      });
      const server = await stage.listen({ cert, key });
      const peer = await stage.theirClient(server.port);
      const failed = await peer.ask({ command: 'connect' });
      assert.ok(CERTIFICATE_ALERTS.includes(Number(failed['code'])), `code ${String(failed['code'])}`);
    },
  },
  {
    name: 'without a common application protocol there is no connection',
    ourClient: async (stage) => {
      const { port } = await stage.theirServer({ alpn: 'other/1' });
      await assert.rejects(stage.dial(port), {
        code: 'RTA_TRANSPORT_HANDSHAKE',
        details: { host: '127.0.0.1', port, transportCode: NO_APPLICATION_PROTOCOL },
      });
    },
    ourServer: async (stage) => {
      const server = await stage.listen();
      const peer = await stage.theirClient(server.port, { alpn: 'other/1' });
      const failed = await peer.ask({ command: 'connect' });
      assert.deepEqual([failed['by'], failed['code']], ['transport', NO_APPLICATION_PROTOCOL]);
    },
  },
  {
    name: 'a server that is full refuses at once',
    ourServer: async (stage) => {
      const server = await stage.listen({ maxConnectionCount: 1 });
      const first = await stage.theirClient(server.port);
      await first.ask({ command: 'connect' });
      const second = await stage.theirClient(server.port);
      const failed = await second.ask({ command: 'connect' });
      assert.deepEqual([failed['by'], failed['code']], ['transport', CONNECTION_REFUSED]);
    },
  },
];
