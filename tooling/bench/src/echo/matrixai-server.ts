import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { events, QUICServer } from '@matrixai/quic';
import { runAsChild } from '../harness/run-as-child.ts';
import type { EchoServerContract } from './echo-contract.ts';

/** Signs the tokens of Retry packets. */
const RETRY_TOKENS = {
  async sign(key: ArrayBuffer, data: ArrayBuffer): Promise<ArrayBuffer> {
    const mac = createHmac('sha256', Buffer.from(key)).update(Buffer.from(data)).digest();
    return Uint8Array.from(mac).buffer;
  },
  async verify(key: ArrayBuffer, data: ArrayBuffer, mac: ArrayBuffer): Promise<boolean> {
    const expected = await RETRY_TOKENS.sign(key, data);
    return (
      mac.byteLength === expected.byteLength && timingSafeEqual(new Uint8Array(mac), new Uint8Array(expected))
    );
  },
};

runAsChild<EchoServerContract>(async ({ cert, key }, resources) => {
  const server = new QUICServer({
    crypto: { key: Uint8Array.from(randomBytes(32)).buffer, ops: RETRY_TOKENS },
    config: { cert, key, verifyPeer: false },
  });
  server.addEventListener(
    events.EventQUICServerConnection.name,
    (opened: events.EventQUICServerConnection) => {
      const connection = opened.detail;
      connection.addEventListener(
        events.EventQUICConnectionStream.name,
        (event: events.EventQUICConnectionStream) => {
          const stream = event.detail;
          // The peer ends the stream with its connection, and that is an error to the pipe alone.
          stream.readable.pipeTo(stream.writable).catch(() => undefined);
        },
      );
    },
  );
  await server.start({ host: '127.0.0.1', port: 0 });
  resources.defer(() => server.stop({ force: true }));
  return { ready: { port: server.port } };
});
