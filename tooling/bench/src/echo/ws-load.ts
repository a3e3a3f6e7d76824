import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { LoadContract } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { EchoLoadOptions } from './echo-contract.ts';
import { echoRole } from './echo-role.ts';

/** One message for each request. */
runAsChild<LoadContract<EchoLoadOptions>>(async (options, resources) => {
  const { port, ca } = options;
  const socket = new WebSocket(`wss://127.0.0.1:${port}`, { ca, perMessageDeflate: false });
  resources.defer(() => socket.terminate());
  await once(socket, 'open');
  return echoRole(options, async ({ onAnswer, onFailed }) => {
    socket.on('message', (message: Buffer) => onAnswer(message));
    socket.on('error', onFailed);
    socket.on('close', (code) => onFailed(new Error(`the server has closed the socket with ${code}`)));
    return (question) => socket.send(question);
  });
});
