import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { serve } from '@hono/node-server';
import { systemClock } from '@rta/core';
import { createMemoryBroker } from '@rta/events';
import { cedarFolder, createCedarPdp } from '@rta/pdp-cedar';
import { createRtaServer } from '@rta/server';
import { createMemoryStore } from '@rta/store';
import { openFileAuditLog } from '@rta/store-file';
import { listenQuic } from '@rta/transport-quic';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { appError } from './errors.ts';
import { startTelemetry } from './telemetry.ts';
import { loadTokenKeys } from './token-keys.ts';

/** A server that listens. */
export interface RunningServer {
  readonly node: string;
  /** The ports that were bound. */
  readonly httpPort: number;
  readonly agentsPort: number;
  /** Tells agents to go elsewhere, then stops. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts what a configuration describes: here, and nowhere else, adapters are chosen.
 *
 * @throws RtaError of what cannot be started.
 */
export async function startServer(config: Config, logger: Logger): Promise<RunningServer> {
  await using started = new AsyncDisposableStack();
  const [cert, key] = await Promise.all([readPem(config.tls.certFile), readPem(config.tls.keyFile)]);
  const keyRing = await loadTokenKeys(config.tokens);
  const pdp = started.use(await createCedarPdp({ source: cedarFolder(config.policies) }));
  const broker = started.use(createMemoryBroker());
  const audit = started.use(await openFileAuditLog(config.audit.file));
  const store = { ...started.use(createMemoryStore({ clock: systemClock })), audit };
  const telemetry = startTelemetry(logger);
  started.defer(() => telemetry.close());

  const { endpoint } = config.agents;
  const server = started.use(
    await createRtaServer({
      issuer: config.issuer,
      ...(config.node === undefined ? {} : { node: config.node }),
      ...(endpoint === undefined ? {} : { agentEndpoint: endpoint }),
      keyRing,
      issuers: config.idps,
      transmitters: config.transmitters,
      pdp,
      broker,
      store,
    }),
  );
  telemetry.watch(server);

  const agents = await listenQuic({
    host: config.agents.host,
    port: config.agents.port,
    cert,
    key,
    onConnection: server.accept,
  });
  const http = await listenHttps(config.http, { cert, key }, httpApp(server.http, telemetry.metrics));

  const running = started.move();
  let closing: Promise<void> | undefined;
  return {
    node: server.node,
    httpPort: http.port,
    agentsPort: agents.address.port,
    close() {
      closing ??= (async () => {
        // First the agents are told, while their connections are open; then the ports close.
        await server.close();
        await Promise.all([agents.close(), http.close()]);
        await running.disposeAsync();
      })();
      return closing;
    },
  };
}

/** The server's HTTP side, and what only an application adds. */
function httpApp(
  rta: Hono,
  metrics: () => Promise<{ readonly contentType: string; readonly body: string }>,
): Hono {
  const app = new Hono();
  app.get('/metrics', async (context) => {
    const { contentType, body } = await metrics();
    return context.body(body, 200, { 'Content-Type': contentType });
  });
  app.route('/', rta);
  return app;
}

const KEEP_ALIVE_MS = 120_000;

async function listenHttps(
  { host, port }: Config['http'],
  tls: { readonly cert: string; readonly key: string },
  app: Hono,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { promise: listening, resolve, reject } = Promise.withResolvers<number>();
  const server = serve(
    {
      fetch: app.fetch,
      createServer,
      // Transmitters push seldom: their idle connections are kept, and not closed under a push that is on its way.
      serverOptions: { ...tls, minVersion: 'TLSv1.2', keepAliveTimeout: KEEP_ALIVE_MS },
      hostname: host,
      port,
    },
    (address) => resolve(address.port),
  );
  server.once('error', (cause: Error) =>
    reject(appError('RTA_CONFIG_INVALID', `cannot listen for HTTPS on ${host}:${port}`, { cause })),
  );
  return {
    port: await listening,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw appError('RTA_CONFIG_FILE', `cannot read ${file}`, { cause });
  }
}
