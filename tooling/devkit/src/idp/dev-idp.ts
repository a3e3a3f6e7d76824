import type { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { diagnostics, systemClock } from '@rta/core';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import OidcProvider, { type Configuration, errors } from 'oidc-provider';
import { createInteractions } from './interactions.ts';
import { DEV_IDP_LIMITS } from './limits.ts';
import { isLoopback } from './loopback.ts';
import type { DevIdpOptions } from './options.ts';
import { INTERACTION_PATH, providerSettings } from './provider-settings.ts';
import { createIdpRecords, type IdpSession } from './records.ts';
import {
  createTransmitter,
  type SecurityEventTransmitter,
  SSF_CONFIGURATION_PATH,
  SSF_JWKS_PATH,
} from './transmitter.ts';

/** Published on `rta:devidp` when the IdP could not answer a request because of a fault of its own. */
export interface DevIdpFault {
  readonly kind: 'fault';
  /** Path of the request, without its query. */
  readonly path: string;
  /** Name of the error. */
  readonly error: string;
}

/** A development IdP that runs. */
export interface DevIdp extends SecurityEventTransmitter, AsyncDisposable {
  /** Its issuer, e.g. `http://127.0.0.1:43117`; metadata at `/.well-known/openid-configuration`. */
  readonly issuer: string;
  /** Addresses that a relying server configures where it does not discover them. */
  readonly endpoints: {
    readonly jwksUri: string;
    readonly introspection: string;
    readonly ssfConfiguration: string;
    /** Keys of security events: others than those of tokens. */
    readonly ssfJwksUri: string;
  };
  /** Sessions that are open, one for each client of each signed-in browser. */
  sessions(): readonly IdpSession[];
  /**
   * Ends a session, silently: its tokens are inactive from now on, and no event is sent.
   *
   * @returns whether there was one.
   */
  endSession(sid: string): boolean;
  /** Stops; connections are cut. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts an OpenID Provider with a Shared Signals transmitter, on loopback, with all state in memory.
 *
 * It is a real one (`oidc-provider`): a user signs in with a browser, or with `signInWithBrowser`.
 *
 * @throws RangeError for a host that is not loopback: passwords travel in the clear; TypeError for a client that is
 *   not usable.
 * @see OpenID Connect Core 1.0; RFC 7636; RFC 7662; RFC 8707; OpenID Shared Signals Framework 1.0
 */
export async function createDevIdp(options: DevIdpOptions): Promise<DevIdp> {
  const { host = '127.0.0.1', port = 0, clock = systemClock } = options;
  if (!isLoopback(host)) throw new RangeError(`host must be a loopback address, not ${host}`);

  const [tokenKey, eventKey] = await Promise.all([generateSigningKey(), generateSigningKey()]);
  const faults = diagnostics<DevIdpFault>('devidp');
  const records = createIdpRecords({ maxCount: DEV_IDP_LIMITS.recordsCount, clock: systemClock });

  const server = createServer();
  const authority = await listen(server, host, port);
  const issuer = `http://${authority}`;
  const settings = providerSettings(options, tokenKey.privateJwk, records);
  const provider = await startProvider(issuer, options, settings, server);
  const interactions = createInteractions(provider, options.users);
  const ssf = createTransmitter({ issuer, clock, ...eventKey });
  const answerOidc = provider.callback();

  const reportFault = (path: string, error: unknown) => {
    faults.publish({ kind: 'fault', path, error: error instanceof Error ? error.name : typeof error });
  };
  provider.on('server_error', (ctx, error) => reportFault(ctx.path, error));
  // Koa writes to the console unless somebody listens.
  (provider as EventEmitter).on('error', (error: unknown, ctx?: { readonly path: string }) =>
    reportFault(ctx?.path ?? '', error),
  );

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = pathOf(request);
    const document = ssf.documents[path];
    if (request.headers.host !== authority) {
      // A page of another site whose name resolves to loopback has no business here (DNS rebinding).
      sendJson(response, 421, { error: 'misdirected_request' });
    } else if (document !== undefined) {
      sendJson(response, 200, document);
    } else if (path.startsWith(INTERACTION_PATH)) {
      await interactions.handle(request, response);
    } else {
      await answerOidc(request, response);
    }
  };
  server.on('request', (request, response) => {
    handle(request, response).catch((error: unknown) => {
      reportFault(pathOf(request), error);
      if (!response.headersSent) sendJson(response, 500, { error: 'server_error' });
    });
  });

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    ssf.close();
    closing ??= stop(server);
    return closing;
  };

  return {
    ...ssf.transmitter,
    issuer,
    endpoints: {
      jwksUri: provider.urlFor('jwks'),
      introspection: provider.urlFor('introspection'),
      ssfConfiguration: `${issuer}${SSF_CONFIGURATION_PATH}`,
      ssfJwksUri: `${issuer}${SSF_JWKS_PATH}`,
    },
    sessions: () => records.sessions(),
    endSession: (sid) => records.endSession(sid),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function generateSigningKey(): Promise<{
  key: CryptoKey;
  privateJwk: JWK;
  publicJwk: JWK & { kid: string };
}> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const named = { kid: await calculateJwkThumbprint(jwk), alg: 'RS256', use: 'sig' };
  return {
    key: privateKey,
    privateJwk: { ...(await exportJWK(privateKey)), ...named },
    publicJwk: { ...jwk, ...named },
  };
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { port: bound } = server.address() as AddressInfo;
      resolve(new URL(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`).host);
    });
  });
}

/** Settings that `oidc-provider` refuses, at once or when it first meets a client, must not leave a port open. */
async function startProvider(
  issuer: string,
  options: DevIdpOptions,
  settings: Configuration,
  server: Server,
) {
  try {
    const provider = new OidcProvider(issuer, settings);
    for (const { clientId } of [...options.clients, ...options.resourceServers])
      await provider.Client.find(clientId);
    return provider;
  } catch (error) {
    await stop(server);
    if (!(error instanceof errors.OIDCProviderError)) throw error;
    throw new TypeError(error.error_description ?? error.message, { cause: error });
  }
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}
