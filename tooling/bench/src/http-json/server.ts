import { createSecureServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import type { AccessRequest } from '@rta/pdp';
import { cedarText, createCedarPdp } from '@rta/pdp-cedar';
import { Hono } from 'hono';
import { runAsChild } from '../harness/run-as-child.ts';
import type { TlsIdentity } from '../rta/identity.ts';
import { POLICIES } from '../rta/policy.ts';

/** A policy server as they are common: JSON over HTTP, stateless. The policies and the PDP are those of RTA. */
export interface HttpJsonServerContract {
  readonly options: HttpJsonServerOptions;
  readonly ready: { readonly port: number };
  readonly request: never;
  readonly answer: never;
}

/** Where the server listens, and what it speaks: HTTP/1.1 in the clear or over TLS, or HTTP/2 over TLS. */
export type HttpJsonServerOptions = { readonly host: string } & (
  | { readonly protocol: 'http' }
  | { readonly protocol: 'https' | 'h2'; readonly identity: TlsIdentity }
);

/** Connections wait while other cases have their turn: one that is closed just then would fail a request. */
const KEEP_ALIVE = { keepAliveTimeout: 600_000 };

runAsChild<HttpJsonServerContract>(async (options, resources) => {
  const pdp = resources.use(await createCedarPdp({ source: cedarText(POLICIES) }));
  const app = new Hono();
  app.post('/access/v1/evaluation', async (context) => {
    const request = await context.req.json<AccessRequest>();
    const { effect, cause, reasons } = pdp.evaluate(request);
    return context.json({ decision: effect === 'permit', context: { cause, reasons } });
  });
  const port = await new Promise<number>((resolve, reject) => {
    const http = serve(
      { fetch: app.fetch, hostname: options.host, port: 0, ...serverOf(options) },
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

function serverOf(options: HttpJsonServerOptions) {
  switch (options.protocol) {
    case 'http':
      return { serverOptions: KEEP_ALIVE };
    case 'https':
      return {
        createServer: createHttpsServer,
        serverOptions: { ...options.identity, ...KEEP_ALIVE, minVersion: 'TLSv1.3' as const },
      };
    case 'h2':
      return {
        createServer: createSecureServer,
        serverOptions: { ...options.identity, minVersion: 'TLSv1.3' as const },
      };
  }
}
