import { createDevIdp, type DevIdp, type DevUser, type SignIn, signInWithBrowser } from '@rta/devkit';

/** Identifier of the server of the benches; where it listens is another matter. */
export const ISSUER = 'https://rta.bench.localhost';

/** Who the server is at the IdP's introspection endpoint. */
export const INTROSPECTION = { clientId: 'rta', clientSecret: 'bench-introspection-secret' };

const REDIRECT_URI = 'http://127.0.0.1/callback';
const CLIENT_ID = 'co-pilot';
const SCOPES = ['files.read', 'files.write'];

/** A user of the bench. */
export function benchUser(name: string): DevUser {
  return { sub: name, email: `${name}@example.com`, password: 'correct horse battery staple' };
}

/** An IdP on the loopback interface, for these users and one server. */
export function createBenchIdp(users: readonly DevUser[]): Promise<DevIdp> {
  return createDevIdp({
    users,
    clients: [{ clientId: CLIENT_ID, redirectUris: [REDIRECT_URI] }],
    resourceServers: [{ resource: ISSUER, scopes: SCOPES, ...INTROSPECTION }],
  });
}

/** Signs a user in there, for everything that the server takes. */
export function signInAt(idp: DevIdp, { email, password }: DevUser): Promise<SignIn> {
  return signInWithBrowser({
    issuer: idp.issuer,
    clientId: CLIENT_ID,
    redirectUri: REDIRECT_URI,
    username: email,
    password,
    scope: `openid email ${SCOPES.join(' ')}`,
    resource: ISSUER,
  });
}
