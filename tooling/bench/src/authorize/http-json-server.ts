import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import type { AccessRequest } from '@rta/pdp';
import { cedarText, createCedarPdp } from '@rta/pdp-cedar';
import { Hono } from 'hono';
import { runAsChild } from '../harness/run-as-child.ts';
import { POLICIES } from '../rta/policy.ts';

/** A policy server as they are common: JSON over HTTP, stateless. The policies and the PDP are those of RTA. */
export interface HttpJsonServerContract {
  readonly options: undefined;
  readonly ready: { readonly port: number };
  readonly request: never;
  readonly answer: never;
}

/** Connections wait while other cases have their turn: one that is closed just then would fail a request. */
const KEEP_ALIVE = { keepAliveTimeout: 600_000 };

runAsChild<HttpJsonServerContract>(async (_options, resources) => {
  const pdp = resources.use(await createCedarPdp({ source: cedarText(POLICIES) }));
  const app = new Hono();
  app.post('/access/v1/evaluation', async (context) => {
    const request = await context.req.json<AccessRequest>();
    const { effect, cause, reasons } = pdp.evaluate(request);
    return context.json({ decision: effect === 'permit', context: { cause, reasons } });
  });
  const port = await new Promise<number>((resolve, reject) => {
    const http = serve(
      { fetch: app.fetch, serverOptions: KEEP_ALIVE, hostname: '127.0.0.1', port: 0 },
      (address: AddressInfo) => resolve(address.port),
    );
    http.once('error', reject);
    resources.defer(() => {
      http.close();
      if ('closeAllConnections' in http) http.closeAllConnections();
    });
  });
  return { ready: { port } };
});
