import { Agent, request } from 'node:http';
import { type LoadContract, loadRole } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { HttpJsonLoadOptions } from './evaluation.ts';
import { askByPost } from './post.ts';

/** HTTP/1.1 in the clear, with connections that are kept alive, one for each request in flight. */
runAsChild<LoadContract<HttpJsonLoadOptions>>(async ({ host, port }, resources) => {
  const agent = new Agent({ keepAlive: true });
  resources.defer(() => agent.destroy());
  return loadRole(() => askByPost((post) => request({ ...post, agent, host, port })));
});
