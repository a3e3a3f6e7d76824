import { Agent, request } from 'node:http';
import { type LoadContract, loadRole } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import { ACCESS_REQUEST } from './question.ts';

/** Where the policy server listens. */
export interface HttpJsonLoadOptions {
  readonly port: number;
}

/** By `node:http`, with connections that are kept alive, one for each request in flight: `fetch` takes longer. */
runAsChild<LoadContract<HttpJsonLoadOptions>>(async ({ port }, resources) => {
  const agent = new Agent({ keepAlive: true });
  resources.defer(() => agent.destroy());
  return loadRole(async () => {
    // A client makes its question anew each time, and so does this one.
    const { status, body } = await post(agent, port, JSON.stringify(ACCESS_REQUEST));
    const { decision } = JSON.parse(body) as { readonly decision?: unknown };
    if (decision !== true) throw new Error(`denied, with status ${status}`);
  });
});

function post(agent: Agent, port: number, body: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({
      agent,
      host: '127.0.0.1',
      port,
      method: 'POST',
      path: '/access/v1/evaluation',
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
    });
    asked.once('error', reject);
    asked.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
    });
    asked.end(body);
  });
}
