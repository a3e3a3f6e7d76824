import { listenQuic } from '@rta/transport-quic';
import { runAsChild } from '../harness/run-as-child.ts';
import { echoConnection } from './echo-connection.ts';
import type { EchoServerContract } from './echo-contract.ts';
import { MANY_STREAMS } from './many-streams.ts';

runAsChild<EchoServerContract>(async (identity, resources) => {
  const listener = resources.use(
    await listenQuic({
      host: '127.0.0.1',
      port: 0,
      ...identity,
      limits: MANY_STREAMS,
      onConnection: echoConnection,
    }),
  );
  return { ready: { port: listener.address.port } };
});
