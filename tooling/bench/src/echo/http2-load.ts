import { once } from 'node:events';
import { connect } from 'node:http2';
import type { LoadContract } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { EchoLoadOptions } from './echo-contract.ts';
import { echoRole } from './echo-role.ts';

/** All requests in one HTTP/2 session, as HTTP/2 has it: a stream for each. */
runAsChild<LoadContract<EchoLoadOptions>>(async (options, resources) => {
  const { port, ca } = options;
  const session = connect(`https://127.0.0.1:${port}`, { ca });
  resources.defer(() => session.destroy());
  await once(session, 'remoteSettings');
  return echoRole(options, async ({ onAnswer, onFailed }) => {
    session.on('error', onFailed);
    session.on('close', () => onFailed(new Error('the server has closed the session')));
    return (question) => {
      const stream = session.request({ ':method': 'POST', ':path': '/' });
      const body: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => void body.push(chunk));
      stream.on('end', () =>
        onAnswer(body.length === 1 && body[0] !== undefined ? body[0] : Buffer.concat(body)),
      );
      stream.on('error', onFailed);
      stream.end(question);
    };
  });
});
