import { createSocket } from 'node:dgram';
import type { LoadContract } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { EchoLoadOptions } from './echo-contract.ts';
import { echoRole } from './echo-role.ts';
import { UDP_BUFFERS } from './udp-buffers.ts';

/** Nothing is sent again: a datagram that is lost stalls the bench, which then says so. */
runAsChild<LoadContract<EchoLoadOptions>>((options, resources) =>
  echoRole(options, async ({ onAnswer, onFailed }) => {
    const socket = createSocket({ type: 'udp4', ...UDP_BUFFERS });
    resources.defer(() => void socket.close());
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(options.port, '127.0.0.1', resolve);
    });
    socket.on('error', onFailed);
    socket.on('message', onAnswer);
    return (question) => socket.send(question);
  }),
);
