import { listenWebSocket } from '@rta/transport-websocket';
import { runAsChild } from '../harness/run-as-child.ts';
import { echoConnection } from './echo-connection.ts';
import type { EchoServerContract } from './echo-contract.ts';

runAsChild<EchoServerContract>(async (identity, resources) => {
  const listener = resources.use(
    await listenWebSocket({ host: '127.0.0.1', port: 0, ...identity, onConnection: echoConnection }),
  );
  return { ready: { port: listener.address.port } };
});
