import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import type { InteropCase } from '../interop-case.ts';
import { echo, openTalk } from '../our-side.ts';

/** The TLS alert `certificate_required` as a QUIC code (RFC 9001 §4.8). */
const CERTIFICATE_REQUIRED = 0x174;

/** Clients that are known by a certificate. */
export const MUTUAL_TLS_CASES: readonly InteropCase[] = [
  {
    name: 'a client shows its certificate (mutual TLS)',
    ourServer: async (stage) => {
      const certificate = await stage.pki.issueClientCertificate({ name: 'agent-1' });
      const server = await stage.listen({
        clientAuthentication: { ca: stage.pki.caCertPem, required: true },
      });
      const peer = await stage.theirClient(server.port, { certificate });
      await peer.ask({ command: 'connect' });
      const connection = await server.next();
      echo(connection);
      assert.equal((await peer.ask({ command: 'talk', text: 'hello' }))['answer'], 'hello');
      const { raw } = new X509Certificate(certificate.certPem);
      assert.deepEqual(
        [...(connection.clientThumbprint ?? [])],
        [...createHash('sha256').update(raw).digest()],
      );
    },
  },
  {
    name: 'a client shows its certificate (mutual TLS)',
    lacking: { aioquic: 'its servers ask for no certificate' },
    ourClient: async (stage) => {
      const { certPem: cert, keyPem: key } = await stage.pki.issueClientCertificate({ name: 'agent-1' });
      const { peer, port } = await stage.theirServer({ ca: stage.pki.caCertPem });
      const dialing = stage.dial(port, { credentials: { cert, key } });
      const [connection, accepted] = await Promise.all([dialing, peer.ask({ command: 'accept' })]);
      assert.equal(await openTalk(connection).say('hello'), 'hello');
      assert.equal(accepted['certificate'], new X509Certificate(cert).raw.toString('hex'));
    },
  },
  {
    name: 'a client without a certificate is turned away where one is required',
    ourServer: async (stage) => {
      const server = await stage.listen({
        clientAuthentication: { ca: stage.pki.caCertPem, required: true },
      });
      const peer = await stage.theirClient(server.port);
      // A client's handshake is complete before the server has judged it.
      const connected = await peer.ask({ command: 'connect' });
      const how = connected.ok ? await peer.ask({ command: 'closed' }) : connected;
      assert.deepEqual([how['by'], how['code']], ['transport', CERTIFICATE_REQUIRED]);
      assert.equal(server.listener.openConnections, 0);
    },
  },
  {
    name: 'a client without a certificate is turned away where one is required',
    lacking: { aioquic: 'its servers ask for no certificate' },
    ourClient: async (stage) => {
      const { port } = await stage.theirServer({ ca: stage.pki.caCertPem });
      const connection = await stage.dial(port);
      const { by, code } = await connection.closed;
      assert.deepEqual([by, code], ['transport', CERTIFICATE_REQUIRED]);
    },
  },
];
