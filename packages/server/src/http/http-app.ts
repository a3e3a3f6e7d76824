import type { Clock, JsonObject } from '@rta/core';
import { GRANT_TYPE, type NonceIssuer } from '@rta/idp';
import { type EventTransmitter, type SetReceiver, SSF_LIMITS } from '@rta/ssf';
import type { KeyRing } from '@rta/token';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { reportFault } from '../diagnostics.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { Exchange } from '../sessions/exchange.ts';
import { HTTP_PATHS } from './http-paths.ts';
import { jwkSetEndpoint } from './jwk-set.ts';
import { bringsSeveralEvents, securityEventsEndpoint } from './ssf-events.ts';
import { tokenEndpoint } from './token-endpoint.ts';

/** What the HTTP side of a server works with. */
export interface HttpAppOptions {
  readonly issuer: string;
  readonly exchange: Exchange;
  readonly nonces: NonceIssuer;
  readonly receiver: SetReceiver | undefined;
  /** Sends security events; undefined where none are sent. */
  readonly transmitter: EventTransmitter | undefined;
  readonly keyRing: KeyRing;
  /** How long a new key is accepted before it signs; undefined where keys never change. */
  readonly keyAnnounceMs: number | undefined;
  readonly clock: Clock;
  readonly agentEndpoint: string | undefined;
  /** Takes tokens back. */
  readonly revoke: (context: Context) => Promise<Response>;
  /** Takes logout tokens of identity providers. */
  readonly logOut: (context: Context) => Promise<Response>;
  /** What is there for administrators; undefined where none are configured. */
  readonly admin:
    | {
        readonly routes: Hono;
        readonly introspect: (context: Context) => Promise<Response>;
        readonly revokeGlobally: (context: Context) => Promise<Response>;
      }
    | undefined;
  /** Public keys of receipts, as a JWK Set. */
  readonly receiptKeys: JsonObject;
  /** What keeps the node from answering; empty when it is ready. */
  readonly notReadyBecause: () => Promise<readonly string[]>;
}

const { token, revocation, introspection, globalRevocation } = HTTP_PATHS;
const OAUTH_PATHS = { token, revocation, introspection, globalRevocation };

/** Makes the HTTP side of a server: the token endpoint, the receiver of security events, administration, metadata. */
export function createHttpApp(options: HttpAppOptions): Hono {
  const { issuer, exchange, nonces, receiver, clock, agentEndpoint, admin } = options;
  const app = new Hono();

  // Every answer brings the nonce for the next request (RFC 9449 §8.2), also one that was refused by its size.
  for (const path of Object.values(OAUTH_PATHS)) {
    app.use(path, async (context, next) => {
      context.header('DPoP-Nonce', nonces.issue());
      context.header('Cache-Control', 'no-store');
      await next();
    });
  }
  const usualBody = bodiesUpTo(SERVER_LIMITS.maxHttpBodyBytes);
  const severalEvents = bodiesUpTo(SSF_LIMITS.multiPushBytes);
  app.use(async (context, next) => {
    // Only a transmitter may have that much held for it.
    const isLarger =
      bringsSeveralEvents(context) && receiver?.mayPush(context.req.header('Authorization')) === true;
    return (isLarger ? severalEvents : usualBody)(context, next);
  });

  app.post(HTTP_PATHS.token, tokenEndpoint({ exchange, nonces, clock, agentEndpoint }));

  app.post(HTTP_PATHS.revocation, options.revoke);
  app.get(HTTP_PATHS.receiptKeys, (context) => context.json(options.receiptKeys));
  if (admin !== undefined) {
    app.post(HTTP_PATHS.introspection, admin.introspect);
    app.post(HTTP_PATHS.globalRevocation, admin.revokeGlobally);
    app.route(HTTP_PATHS.admin, admin.routes);
  }

  if (receiver !== undefined) app.post(HTTP_PATHS.securityEvents, securityEventsEndpoint(receiver));

  app.post(HTTP_PATHS.backchannelLogout, options.logOut);

  const { transmitter } = options;
  if (transmitter !== undefined) {
    for (const path of [HTTP_PATHS.eventStreams, HTTP_PATHS.transmitterMetadata]) {
      app.all(path, (context) => transmitter.handle(context.req.raw));
    }
  }

  // RFC 8414 §3.2
  app.get(HTTP_PATHS.authorizationServerMetadata, (context) =>
    context.json({
      issuer,
      token_endpoint: `${issuer}${HTTP_PATHS.token}`,
      jwks_uri: `${issuer}${HTTP_PATHS.jwkSet}`,
      grant_types_supported: [GRANT_TYPE.rtaTokenExchange, GRANT_TYPE.tokenExchange],
      token_endpoint_auth_methods_supported: ['none'],
      revocation_endpoint: `${issuer}${HTTP_PATHS.revocation}`,
      revocation_endpoint_auth_methods_supported: ['none'],
      ...(admin === undefined
        ? {}
        : {
            // RFC 8414 §2: access token types are methods here, too.
            introspection_endpoint: `${issuer}${HTTP_PATHS.introspection}`,
            introspection_endpoint_auth_methods_supported: ['Bearer', 'DPoP'],
            global_token_revocation_endpoint: `${issuer}${HTTP_PATHS.globalRevocation}`,
            global_token_revocation_endpoint_auth_methods_supported: ['Bearer', 'DPoP'],
          }),
      dpop_signing_alg_values_supported: ['EdDSA', 'Ed25519'],
      authorization_details_types_supported: ['rta_action'],
      response_types_supported: [],
      ...(agentEndpoint === undefined ? {} : { rta_agent_endpoint: agentEndpoint }),
    }),
  );

  app.get(HTTP_PATHS.jwkSet, jwkSetEndpoint(options.keyRing, options.keyAnnounceMs));

  app.get(HTTP_PATHS.health, (context) => context.json({ status: 'up' }));
  app.get(HTTP_PATHS.ready, async (context) => {
    const reasons = await options.notReadyBecause();
    return reasons.length === 0
      ? context.json({ status: 'ready' })
      : context.json({ status: 'not ready', reasons }, 503);
  });

  app.notFound((context) => context.json({ error: 'not_found', error_description: 'no such resource' }, 404));
  app.onError((error, context) => {
    reportFault('http', error);
    return context.json({ error: 'server_error', error_description: 'the node failed to answer' }, 500);
  });
  return app;
}

function bodiesUpTo(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: (context) =>
      context.json({ error: 'invalid_request', error_description: 'body too large' }, 413),
  });
}
