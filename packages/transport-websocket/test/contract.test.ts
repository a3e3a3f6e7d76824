import { createDevPki } from '@rta/devkit';
import { transportContract } from '@rta/testkit';
import type { TransportConnection } from '@rta/transport';
import { dialWebSocket, listenWebSocket } from '../src/index.ts';

const pki = await createDevPki();
const { certPem: cert, keyPem: key } = await pki.issueServerCertificate({
  names: ['localhost'],
  ips: ['127.0.0.1'],
});

transportContract({
  name: 'WebSocket',
  open: async (limits = {}) => {
    const { promise, resolve } = Promise.withResolvers<TransportConnection>();
    const listener = await listenWebSocket({
      host: '127.0.0.1',
      port: 0,
      cert,
      key,
      limits,
      onConnection: resolve,
    });
    const { port } = listener.address;
    const client = await dialWebSocket({ host: '127.0.0.1', port, ca: pki.caCertPem, limits });
    return {
      client,
      server: await promise,
      close: async () => {
        await client.close();
        await listener.close();
      },
    };
  },
});
