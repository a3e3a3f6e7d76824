import type { Clock } from '@rta/core';
import { GRANT_TYPE, type NonceIssuer } from '@rta/idp';
import type { SetReceiver } from '@rta/ssf';
import type { KeyRing } from '@rta/token';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { reportFault } from '../diagnostics.ts';
import { SERVER_LIMITS } from '../limits.ts';
import type { Exchange } from '../sessions/exchange.ts';
import { jwkSetEndpoint } from './jwk-set.ts';
import { tokenEndpoint } from './token-endpoint.ts';

/** What the HTTP side of a server works with. */
export interface HttpAppOptions {
  readonly issuer: string;
  readonly exchange: Exchange;
  readonly nonces: NonceIssuer;
  readonly receiver: SetReceiver | undefined;
  readonly keyRing: KeyRing;
  /** How long a new key is accepted before it signs; undefined where keys never change. */
  readonly keyAnnounceMs: number | undefined;
  readonly clock: Clock;
  readonly agentEndpoint: string | undefined;
  /** What keeps the node from answering; empty when it is ready. */
  readonly notReadyBecause: () => Promise<readonly string[]>;
}

/** Paths of the HTTP side, under the issuer. */
export const HTTP_PATHS = {
  token: '/oauth/token',
  /** Where transmitters push Security Event Tokens (RFC 8935). */
  securityEvents: '/ssf/events',
  /** The public keys of tokens (RFC 7517). */
  jwkSet: '/.well-known/jwks.json',
  authorizationServerMetadata: '/.well-known/oauth-authorization-server',
  health: '/healthz',
  ready: '/readyz',
} as const;

/** Makes the HTTP side of a server: the token endpoint, the receiver of security events, metadata, keys, health. */
export function createHttpApp(options: HttpAppOptions): Hono {
  const { issuer, exchange, nonces, receiver, clock, agentEndpoint } = options;
  const app = new Hono();

  // Every answer brings the nonce for the next request (RFC 9449 §8.2), also one that was refused by its size.
  app.use(HTTP_PATHS.token, async (context, next) => {
    context.header('DPoP-Nonce', nonces.issue());
    context.header('Cache-Control', 'no-store');
    await next();
  });
  app.use(
    bodyLimit({
      maxSize: SERVER_LIMITS.maxHttpBodyBytes,
      onError: (context) =>
        context.json({ error: 'invalid_request', error_description: 'body too large' }, 413),
    }),
  );

  app.post(HTTP_PATHS.token, tokenEndpoint({ exchange, nonces, clock, agentEndpoint }));

  if (receiver !== undefined) {
    app.post(HTTP_PATHS.securityEvents, async (context) => {
      const { status, headers, body } = await receiver.receivePush({
        contentType: context.req.header('Content-Type'),
        authorization: context.req.header('Authorization'),
        body: new Uint8Array(await context.req.arrayBuffer()),
      });
      return new Response(body, { status, headers });
    });
  }

  // RFC 8414 §3.2
  app.get(HTTP_PATHS.authorizationServerMetadata, (context) =>
    context.json({
      issuer,
      token_endpoint: `${issuer}${HTTP_PATHS.token}`,
      jwks_uri: `${issuer}${HTTP_PATHS.jwkSet}`,
      grant_types_supported: [GRANT_TYPE.rtaTokenExchange, GRANT_TYPE.tokenExchange],
      token_endpoint_auth_methods_supported: ['none'],
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
