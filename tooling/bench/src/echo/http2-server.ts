import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { runAsChild } from '../harness/run-as-child.ts';
import type { EchoServerContract } from './echo-contract.ts';
import { MANY_STREAMS } from './many-streams.ts';
import { portOf } from './port-of.ts';

/** Echoes the body of each request, by `node:http2`. */
runAsChild<EchoServerContract>(async (identity, resources) => {
  const server = createSecureServer({
    ...identity,
    minVersion: 'TLSv1.3',
    settings: { maxConcurrentStreams: MANY_STREAMS.maxStreamCount },
  });
  server.on('stream', (stream) => {
    const body: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => void body.push(chunk));
    stream.on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end(body.length === 1 ? body[0] : Buffer.concat(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  resources.defer(() => void server.close());
  return { ready: { port: portOf(server.address()) } };
});
