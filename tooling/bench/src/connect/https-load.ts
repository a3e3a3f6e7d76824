import { request } from 'node:https';
import type { LoadContract } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { TlsHttpJsonLoadOptions } from '../http-json/evaluation.ts';
import { askByPost } from '../http-json/post.ts';
import { measureConnects } from './connect-loop.ts';

/** A connection to each question, with a full handshake: `agent: false` keeps neither connections nor TLS sessions. */
runAsChild<LoadContract<TlsHttpJsonLoadOptions>>(async ({ host, port, ca }) => ({
  ready: 'connected',
  answer: (order) =>
    measureConnects(async () => {
      await askByPost((post) => request({ ...post, agent: false, host, port, ca }));
      return { close: () => Promise.resolve() };
    }, order),
}));
