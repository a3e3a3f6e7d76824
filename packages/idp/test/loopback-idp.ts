import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** What an issuer was asked. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Route = (request: SeenRequest, response: ServerResponse) => void;

/** An issuer on the loopback interface; tests make its routes honest or hostile. */
export interface LoopbackIdp extends AsyncDisposable {
  readonly issuer: string;
  readonly seen: readonly SeenRequest[];
  /** How often a path was asked for. */
  hits(path: string): number;
  route(path: string, route: Route): void;
  /** Publishes metadata that name this issuer's own jwks and introspection endpoints. */
  publishMetadata(changes?: Readonly<Record<string, unknown>>): void;
  publishKeys(...keys: readonly IssuerKey[]): void;
  /** Answers introspections. */
  introspects(answer: unknown, status?: number): void;
}

export const OIDC_PATH = '/.well-known/openid-configuration';
export const OAUTH_PATH = '/.well-known/oauth-authorization-server';

export function json(body: unknown, status = 200): Route {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

export async function startLoopbackIdp(): Promise<LoopbackIdp> {
  const seen: SeenRequest[] = [];
  const routes = new Map<string, Route>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      const one = { path, headers: request.headers, body: Buffer.concat(chunks).toString() };
      seen.push(one);
      const route = routes.get(path);
      if (route === undefined) response.writeHead(404).end();
      else route(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    seen,
    hits: (path) => seen.filter((request) => request.path === path).length,
    route: (path, route) => void routes.set(path, route),
    publishMetadata: (changes) =>
      void routes.set(
        OIDC_PATH,
        json({
          issuer,
          jwks_uri: `${issuer}/jwks`,
          introspection_endpoint: `${issuer}/introspect`,
          response_types_supported: ['code'],
          ...changes,
        }),
      ),
    publishKeys: (...keys) => void routes.set('/jwks', json({ keys: keys.map(({ jwk }) => jwk) })),
    introspects: (answer, status) => void routes.set('/introspect', json(answer, status)),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A key that an issuer signs with. */
export interface IssuerKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function makeIssuerKey(alg: string, kid: string): Promise<IssuerKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Signs a token; the header is that of an access token unless changed. */
export async function signToken(
  key: IssuerKey,
  claims: JWTPayload,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'at+jwt', ...header })
    .sign(key.privateKey);
}
