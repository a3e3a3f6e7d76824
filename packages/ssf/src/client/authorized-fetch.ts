import type { Fetch } from '../http/fetch.ts';
import type { AccessTokens } from './access-token.ts';

/**
 * Makes a `fetch` that shows an access token, in the header and nowhere else. Where a request is answered with 401, it
 * is made once more with a new token.
 *
 * @see CAEP interoperability profile §2.7, RFC 6750 §2.1
 */
export function createAuthorizedFetch(options: {
  readonly fetch: Fetch;
  readonly tokens: AccessTokens;
}): Fetch {
  const { fetch, tokens } = options;
  const send = async (url: string, init: RequestInit, token: string): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    return fetch(url, { ...init, headers });
  };
  return async (url, init = {}) => {
    const token = await tokens.current();
    const response = await send(url, init, token);
    if (response.status !== 401) return response;
    const other = await tokens.insteadOf(token);
    return other === undefined ? response : send(url, init, other);
  };
}
