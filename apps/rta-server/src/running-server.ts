import { randomBytes } from 'node:crypto';
import { createServer } from 'node:https';
import { serve } from '@hono/node-server';
import { isRtaError, systemClock } from '@rta/core';
import { createMemoryBroker } from '@rta/events';
import { cedarFolder, createCedarPdp } from '@rta/pdp-cedar';
import { createRtaServer } from '@rta/server';
import { openFileAuditLog } from '@rta/store-file';
import type { ServerCredentials } from '@rta/transport';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import { openAgentPorts } from './agent-ports.ts';
import { loadAuditKey } from './audit/audit-key.ts';
import type { Config } from './config.ts';
import { appError } from './errors.ts';
import { loadEventKeys } from './event-keys.ts';
import { openStateStore } from './state-store.ts';
import { startTelemetry } from './telemetry.ts';
import { loadClientAuthentication, loadCredentials, watchFiles } from './tls-files.ts';
import { openTokenKeySource } from './token-keys.ts';

/** A server that listens. */
export interface RunningServer {
  readonly node: string;
  /** The ports that were bound. */
  readonly httpPort: number;
  readonly agentsPort: number;
  /** How agents reach it. */
  readonly transports: readonly string[];
  /**
   * Reads the certificate anew, and shows it to those who connect from now on; open connections go on. What cannot be
   * used is logged, and the old one stays. It also happens by itself when the files change.
   */
  reloadCertificate(): Promise<void>;
  /** Tells agents to go elsewhere, then stops. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts what a configuration describes: here, and nowhere else, adapters are chosen.
 *
 * @param options.qlogFolder - traces QUIC connections there.
 * @throws RtaError of what cannot be started.
 */
export async function startServer(
  config: Config,
  logger: Logger,
  options: { readonly qlogFolder?: string } = {},
): Promise<RunningServer> {
  await using started = new AsyncDisposableStack();
  const credentials = await loadCredentials(config.tls);
  const clientAuthentication = await loadClientAuthentication(config.tls);
  const keys = started.use(openTokenKeySource(config.tokens, systemClock, logger));
  const pdp = started.use(await createCedarPdp({ source: cedarFolder(config.policies) }));
  const admin = config.admin && {
    ...config.admin,
    pdp: started.use(await createCedarPdp({ source: cedarFolder(config.admin.policies) })),
  };
  const { transmitter } = config.ssf;
  const eventTransmitter = transmitter && {
    ...transmitter,
    signers: await loadEventKeys(transmitter.keyFile),
  };
  const broker = started.use(createMemoryBroker());
  const { file, keyFile, onFailure, segmentBytes } = config.audit;
  const auditKey = await loadAuditKey(keyFile);
  const audit = started.use(await openFileAuditLog(file, segmentBytes === undefined ? {} : { segmentBytes }));
  const node = config.node ?? `node-${randomBytes(4).toString('hex')}`;
  const state = started.use(await openStateStore(config.store, { node, clock: systemClock, logger }));
  const store = { ...state, audit };
  const telemetry = startTelemetry(logger);
  started.defer(() => telemetry.close());

  const { endpoint } = config.agents;
  const { budget, ...sessions } = config.sessions;
  const server = started.use(
    await createRtaServer({
      issuer: config.issuer,
      node,
      ...(endpoint === undefined ? {} : { agentEndpoint: endpoint }),
      keys,
      issuers: config.idps,
      transmitters: config.transmitters,
      ...(eventTransmitter === undefined ? {} : { eventTransmitter }),
      pdp,
      broker,
      store,
      ...sessions,
      ...(budget === undefined ? {} : { sessionBudget: budget }),
      auditKey,
      onAuditFailure: onFailure,
      ...(admin === undefined ? {} : { admin }),
    }),
  );
  telemetry.watch(server);

  const agents = started.use(
    await openAgentPorts({
      agents: config.agents,
      credentials,
      clientAuthentication,
      onConnection: server.accept,
      protocols: server.protocols,
      logger,
      ...options,
    }),
  );
  const http = await listenHttps(config.http, credentials, httpApp(server.http, telemetry.metrics));

  const showNewCertificate = async (): Promise<void> => {
    try {
      const renewed = await loadCredentials(config.tls);
      agents.reload(renewed);
      http.reload(renewed);
      logger.info('the certificate was reloaded');
    } catch (error) {
      const code = isRtaError(error) ? error.code : 'unknown';
      logger.error({ code }, `the certificate was not reloaded: ${messageOf(error)}`);
    }
  };
  let reloading = Promise.resolve();
  const reloadCertificate = (): Promise<void> => {
    // One after the other, so that what was read last is shown.
    reloading = reloading.then(showNewCertificate);
    return reloading;
  };
  started.defer(watchFiles([config.tls.certFile, config.tls.keyFile], () => void reloadCertificate()));

  const running = started.move();
  let closing: Promise<void> | undefined;
  return {
    node: server.node,
    httpPort: http.port,
    agentsPort: agents.port,
    transports: agents.transports,
    reloadCertificate,
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
const TLS_VERSIONS = { minVersion: 'TLSv1.2' } as const;

async function listenHttps(
  { host, port }: Config['http'],
  credentials: ServerCredentials,
  app: Hono,
): Promise<{ readonly port: number; reload(credentials: ServerCredentials): void; close(): Promise<void> }> {
  const { promise: listening, resolve, reject } = Promise.withResolvers<number>();
  const server = serve(
    {
      fetch: app.fetch,
      createServer,
      // Transmitters push seldom: their idle connections are kept, and not closed under a push that is on its way.
      serverOptions: { ...credentials, ...TLS_VERSIONS, keepAliveTimeout: KEEP_ALIVE_MS },
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
    reload(next) {
      if ('setSecureContext' in server) server.setSecureContext({ ...next, ...TLS_VERSIONS });
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
