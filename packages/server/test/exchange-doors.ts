import { fromBase64Url } from '@rta/core';
import { rawHello } from './raw-agent.ts';
import { ISSUER, type TestServer } from './test-server.ts';

export const TOKEN_URL = `${ISSUER}/oauth/token`;

/** A token request, whichever way it goes. */
export interface TokenRequest {
  readonly parameters: readonly [string, string][];
  readonly proof: string;
}

/** What became of it. `text` is everything that came back, to look for what must not be in it. */
export type Outcome =
  | {
      readonly ok: true;
      readonly token: Uint8Array;
      readonly session: string;
      readonly scope: readonly string[];
      readonly nonce: string;
      readonly text: string;
    }
  | {
      readonly ok: false;
      readonly code: string;
      readonly retryable: boolean;
      readonly nonce: string | undefined;
      readonly text: string;
    };

/** A way to exchange a token: the same code stands behind both. */
export interface Door {
  readonly name: string;
  /** A nonce for one request. */
  nonce(t: TestServer): Promise<string>;
  exchange(t: TestServer, request: TokenRequest): Promise<Outcome>;
}

/** Posts a form to the token endpoint. */
export function postToken(
  t: TestServer,
  parameters: readonly [string, string][],
  headers: Record<string, string> = {},
): Promise<Response> {
  return Promise.resolve(
    t.server.http.request(TOKEN_URL, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams([...parameters]).toString(),
    }),
  );
}

interface TokenResponse {
  readonly access_token: string;
  readonly session_id: string;
  readonly scope: string;
  readonly error: string;
  readonly error_description: string;
}

export const HTTPS: Door = {
  name: 'over HTTPS',
  nonce: async (t) => (await postToken(t, [])).headers.get('DPoP-Nonce') ?? '',
  async exchange(t, { parameters, proof }) {
    const response = await postToken(t, parameters, { DPoP: proof });
    const text = await response.text();
    const body = JSON.parse(text) as TokenResponse;
    const nonce = response.headers.get('DPoP-Nonce') ?? '';
    if (response.ok) {
      const { session_id: session, scope } = body;
      return {
        ok: true,
        token: fromBase64Url(body.access_token),
        session,
        scope: scope.split(' '),
        nonce,
        text,
      };
    }
    const code = body.error_description.split(':')[0] ?? '';
    return { ok: false, code, retryable: response.status === 503, nonce, text };
  },
};

export const CONTROL_STREAM: Door = {
  name: 'over the control stream',
  nonce: async (t) => (await rawHello(t.rawConnect())).welcome.nonce,
  async exchange(t, { parameters, proof }) {
    const { stream, answerTo } = await rawHello(t.rawConnect());
    const answer = await answerTo('exchange', { parameters, proof });
    stream.end();
    const text = JSON.stringify(answer.message);
    if (answer.name === 'error') {
      const { code, retryable, nonce } = answer.message;
      return { ok: false, code, retryable, nonce, text };
    }
    if (answer.name !== 'exchanged') throw new TypeError(`an exchange is not answered with ${answer.name}`);
    const { token, session, scope, nonce } = answer.message;
    return { ok: true, token, session, scope, nonce, text };
  },
};
