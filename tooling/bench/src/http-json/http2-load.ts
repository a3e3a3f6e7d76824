import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { type LoadContract, loadRole } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import {
  EVALUATION_PATH,
  evaluationRequest,
  expectPermit,
  type TlsHttpJsonLoadOptions,
} from './evaluation.ts';

/** HTTP/2 over TLS: all requests in one session, a stream for each. */
runAsChild<LoadContract<TlsHttpJsonLoadOptions>>(async ({ host, port, ca }, resources) => {
  const session = connect(`https://${host}:${port}`, { ca });
  resources.defer(() => session.destroy());
  await once(session, 'remoteSettings');
  return loadRole(() => ask(session));
});

function ask(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': EVALUATION_PATH,
      'content-type': 'application/json',
    });
    let status = 0;
    let text = '';
    stream.setEncoding('utf8');
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0;
    });
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.once('error', reject);
    stream.once('end', () => {
      try {
        expectPermit(status, text);
        resolve();
      } catch (error) {
        reject(error);
      }
    });
    stream.end(evaluationRequest());
  });
}
