import { type Clock, isRtaError, toBase64Url } from '@rta/core';
import { type NonceIssuer, TOKEN_TYPE } from '@rta/idp';
import type { Context } from 'hono';
import { reportFault } from '../diagnostics.ts';
import type { Exchange } from '../sessions/exchange.ts';
import { exchangeErrorOf } from './oauth-error.ts';
import { formParameters } from './presented-rta-token.ts';

/**
 * `POST /oauth/token`: the token exchange over HTTPS.
 *
 * The answer names the session; its agent then binds it to a connection with the key of its proof. An RTAToken is no
 * bearer token, hence `token_type` `N_A` (RFC 8693 §2.2.1).
 *
 * @see RFC 8693 §2, RFC 9449 §5, §8
 */
export function tokenEndpoint(options: {
  readonly exchange: Exchange;
  readonly nonces: NonceIssuer;
  readonly clock: Clock;
  /** Where agents connect, `host:port`. */
  readonly agentEndpoint: string | undefined;
}): (context: Context) => Promise<Response> {
  const { exchange, nonces, clock, agentEndpoint } = options;
  return async (context) => {
    try {
      const session = await exchange.exchange({
        parameters: await formParameters(context.req.raw),
        proof: context.req.header('DPoP'),
        origin: { connection: 'https', transport: 'https' },
      });
      return context.json({
        access_token: toBase64Url(session.token),
        issued_token_type: TOKEN_TYPE.rtaToken,
        token_type: 'N_A',
        expires_in: Math.max(0, Math.floor((session.expiresAtMs - clock.now()) / 1_000)),
        scope: session.grant.scope.join(' '),
        session_id: session.id,
        generation: session.generation,
        ...(agentEndpoint === undefined ? {} : { agent_endpoint: agentEndpoint }),
      });
    } catch (error) {
      if (!isRtaError(error)) reportFault('exchange', error);
      const { error: code, error_description, status, headers } = exchangeErrorOf(error, nonces);
      for (const [name, value] of Object.entries(headers)) context.header(name, value);
      return context.json({ error: code, error_description }, status as 400);
    }
  };
}
