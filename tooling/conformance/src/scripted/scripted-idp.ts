import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { openScriptedServer } from './http.ts';
import { makeSigningKey } from './set-maker.ts';

/** An identity provider whose word is enough: it issues what it is asked for. */
export interface ScriptedIdp extends AsyncDisposable {
  readonly issuer: string;
  /** An access token as RFC 9068 has them. */
  accessToken(claims: {
    readonly audience: string;
    readonly sub: string;
    readonly clientId: string;
    readonly scope: string;
  }): Promise<string>;
}

/** Opens one on the loopback interface. */
export async function openScriptedIdp(): Promise<ScriptedIdp> {
  const key = await makeSigningKey('idp-key');
  const server = await openScriptedServer(async ({ path }) => {
    if (path === '/jwks.json') return { status: 200, body: { keys: [key.publicJwk] } };
    if (path !== '/.well-known/openid-configuration') return { status: 404 };
    const metadata = {
      issuer: server.origin,
      jwks_uri: `${server.origin}/jwks.json`,
      authorization_endpoint: `${server.origin}/authorize`,
      token_endpoint: `${server.origin}/token`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    };
    return { status: 200, body: metadata };
  });
  return {
    issuer: server.origin,
    accessToken: ({ audience, sub, clientId, scope }) =>
      new SignJWT({ client_id: clientId, scope, jti: randomUUID(), auth_time: Math.floor(Date.now() / 1000) })
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: key.keyId })
        .setIssuer(server.origin)
        .setAudience(audience)
        .setSubject(sub)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(key.privateKey),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
