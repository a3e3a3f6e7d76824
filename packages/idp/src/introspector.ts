import { z } from 'zod';
import { idpError } from './errors.ts';
import { answerError } from './issuer-answer.ts';
import { endpointOf, type IssuerMetadata } from './issuer-metadata.ts';
import type { IssuerConfig } from './issuer-options.ts';
import type { JsonFetcher } from './json-fetcher.ts';
import { IDP_LIMITS } from './limits.ts';
import type { Refreshable } from './refreshable.ts';
import type { TokenKind } from './token-rules.ts';
import { TOKEN_TYPE } from './token-types.ts';

/** Asks one issuer about tokens. */
export interface Introspector {
  /**
   * What the issuer says about a token that is active. Every call asks: an answer is never reused.
   *
   * @throws RtaError `RTA_IDP_TOKEN_INACTIVE`, `RTA_IDP_TOKEN_KIND`, `RTA_IDP_BUSY`, `RTA_IDP_CLIENT_AUTH`, and those
   *   of the fetch.
   */
  introspect(token: string, kind: TokenKind, signal: AbortSignal | undefined): Promise<object>;
}

const ANSWER = z.looseObject({ active: z.boolean(), token_type: z.string().exactOptional() });

/** Makes the introspector of one issuer. */
export function createIntrospector(
  config: IssuerConfig,
  client: NonNullable<IssuerConfig['introspection']>,
  metadata: Refreshable<IssuerMetadata>,
  fetcher: JsonFetcher,
): Introspector {
  const { issuer } = config;
  let inFlight = 0;

  const ask = async (token: string, kind: TokenKind, signal: AbortSignal | undefined): Promise<object> => {
    const url = await endpointOf(config, metadata, 'introspectionEndpoint', signal);
    const hint = kind === TOKEN_TYPE.accessToken ? 'access_token' : 'id_token';
    const form = new URLSearchParams({ token, token_type_hint: hint });
    const headers: Record<string, string> = {};
    if (client.authMethod === 'client_secret_post') {
      form.set('client_id', client.clientId);
      form.set('client_secret', client.clientSecret);
    } else {
      headers['authorization'] = basicAuthorization(client.clientId, client.clientSecret);
    }
    const { status, json } = await fetcher.fetchJson({
      issuer,
      request: 'introspection',
      url,
      headers,
      form,
      signal,
    });
    const answer = ANSWER.safeParse(json);
    // `active` decides, not the status: issuers say `active: false` with 200, and some with 4xx.
    if (answer.success && !answer.data.active) {
      throw idpError('RTA_IDP_TOKEN_INACTIVE', undefined, { details: { issuer } });
    }
    if (status !== 200) throw answerError(issuer, 'introspection', status);
    if (!answer.success) {
      throw idpError('RTA_IDP_RESPONSE', undefined, {
        details: { issuer, request: 'introspection', reason: 'not an introspection' },
      });
    }
    // RFC 7662 §2.2: `token_type` is that of an access token. Issuers introspect refresh tokens just as well, which
    // would be a far stronger thing than the access token that is claimed.
    const type = answer.data.token_type?.toLowerCase();
    if (type !== undefined && type !== 'bearer' && type !== 'dpop') {
      throw idpError('RTA_IDP_TOKEN_KIND', undefined, { details: { issuer } });
    }
    return answer.data;
  };

  return {
    async introspect(token, kind, signal) {
      if (inFlight >= IDP_LIMITS.maxIntrospectionsInFlight) {
        throw idpError('RTA_IDP_BUSY', undefined, { details: { issuer, inFlight } });
      }
      inFlight += 1;
      try {
        return await ask(token, kind, signal);
      } finally {
        inFlight -= 1;
      }
    },
  };
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before they are joined. */
function basicAuthorization(clientId: string, clientSecret: string): string {
  const credentials = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
