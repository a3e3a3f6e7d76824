import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { serve } from '@hono/node-server';
import { systemClock } from '@rta/core';
import { createMemoryBroker } from '@rta/events';
import { cedarText, createCedarPdp } from '@rta/pdp-cedar';
import { createRtaServer, type RtaServer, type SecurityEventSource } from '@rta/server';
import { createMemoryStore } from '@rta/store';
import { openFileAuditLog } from '@rta/store-file';
import { openLmdbStore } from '@rta/store-lmdb';
import { createHmacKey, createStaticKeySource } from '@rta/token';
import { listenQuic } from '@rta/transport-quic';
import { listenWebSocket } from '@rta/transport-websocket';
import { runAsChild } from '../harness/run-as-child.ts';
import { POLICIES } from './policy.ts';

/** A server of RealTimeAuth in a process of its own, put together as `rta-server` does it. */
export interface RtaServerContract {
  readonly options: RtaServerProcessOptions;
  /** Agents reach it on one port number over QUIC and over WebSocket. */
  readonly ready: { readonly agentsPort: number; readonly httpPort: number };
  readonly request: never;
  readonly answer: never;
}

/** What the server is told of its surroundings. */
export interface RtaServerProcessOptions {
  /** The address that it listens on. */
  readonly host: string;
  readonly issuer: string;
  /** The server's certificate and its key, PEM. */
  readonly cert: string;
  readonly key: string;
  /** Whose tokens it exchanges, and whose security events it obeys. */
  readonly idp: { readonly issuer: string; readonly jwksUri: string };
  readonly introspection: { readonly clientId: string; readonly clientSecret: string };
  readonly pushSecret: string;
  /** Where state is kept: in memory, which is the default, or durably. */
  readonly store?: 'memory' | 'lmdb';
  /** Who else may send security events. */
  readonly sources?: readonly SecurityEventSource[];
  /** Authorities of those that the server connects to, PEM; besides those that Node.js trusts. */
  readonly trusted?: readonly string[];
}

/** More than any bench has, all from one address: none is to measure a refusal. */
const MAX_CONNECTIONS = 20_000;
/** The IdP's connection waits while sessions are opened: one that is closed just then would fail a push. */
const KEEP_ALIVE_MS = 600_000;

runAsChild<RtaServerContract>(async (options, resources) => {
  const { host, issuer, cert, key, idp, store: kind = 'memory', sources = [], trusted = [] } = options;
  setDefaultCACertificates([...getCACertificates('default'), ...trusted]);
  const pdp = resources.use(await createCedarPdp({ source: cedarText(POLICIES) }));
  const broker = resources.use(createMemoryBroker());
  const folder = await mkdtemp(join(tmpdir(), 'rta-bench-'));
  resources.defer(() => rm(folder, { recursive: true }));
  const store = resources.use(
    kind === 'memory'
      ? createMemoryStore({ clock: systemClock })
      : await openLmdbStore({ path: join(folder, 'state') }),
  );
  const audit = resources.use(await openFileAuditLog(join(folder, 'audit.jsonl')));
  const server = resources.use(
    await createRtaServer({
      issuer,
      keys: createStaticKeySource({
        current: createHmacKey({ keyId: 1, secret: Uint8Array.from(randomBytes(32)) }),
      }),
      issuers: [
        {
          issuer: idp.issuer,
          audiences: [issuer],
          introspection: options.introspection,
          allowInsecureHttp: true,
        },
      ],
      transmitters: [
        {
          issuer: idp.issuer,
          audience: issuer,
          jwksUri: idp.jwksUri,
          authorizationHeader: options.pushSecret,
          allowInsecureHttp: true,
        },
        ...sources,
      ],
      pdp,
      broker,
      store: { ...store, audit },
    }),
  );
  const agents = resources.use(
    await listenQuic({
      host,
      port: 0,
      cert,
      key,
      alpn: server.protocols,
      earlyData: true,
      maxConnectionCount: MAX_CONNECTIONS,
      maxAddressConnectionCount: MAX_CONNECTIONS,
      onConnection: server.accept,
    }),
  );
  const { port } = agents.address;
  resources.use(
    await listenWebSocket({
      host,
      port,
      cert,
      key,
      maxConnectionCount: MAX_CONNECTIONS,
      onConnection: server.accept,
    }),
  );
  const httpPort = await listenHttps(server, options, resources);
  return { ready: { agentsPort: port, httpPort } };
});

function listenHttps(
  server: RtaServer,
  { host, cert, key }: RtaServerProcessOptions,
  resources: AsyncDisposableStack,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const https = serve(
      {
        fetch: server.http.fetch,
        createServer,
        serverOptions: { cert, key, keepAliveTimeout: KEEP_ALIVE_MS },
        hostname: host,
        port: 0,
      },
      (address: AddressInfo) => resolve(address.port),
    );
    https.once('error', reject);
    resources.defer(() => {
      https.close();
      if ('closeAllConnections' in https) https.closeAllConnections();
    });
  });
}
