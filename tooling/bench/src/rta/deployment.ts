import {
  createDevIdp,
  createDevPki,
  type DevIdp,
  type DevUser,
  type SignIn,
  signInWithBrowser,
} from '@rta/devkit';
import { type BenchChild, startChild } from '../harness/child-process.ts';
import type { RtaServerContract } from './server-process.ts';

/** A server in a process of its own, and an IdP in this one. */
export interface Deployment {
  readonly idp: DevIdp;
  readonly server: BenchChild<RtaServerContract>;
  /** What agents connect with. */
  readonly endpoint: string;
  readonly ca: string;
  /** The server's certificate, for servers that it is compared with. */
  readonly certificate: { readonly certPem: string; readonly keyPem: string };
  /** Signs a user in at the IdP. */
  signIn(user: DevUser): Promise<SignIn>;
}

/** Identifier of the server; where it listens is another matter. */
const ISSUER = 'https://rta.bench.localhost';
const REDIRECT_URI = 'http://127.0.0.1/callback';
const CLIENT_ID = 'co-pilot';
const SCOPES = ['files.read', 'files.write'];
const INTROSPECTION = { clientId: 'rta', clientSecret: 'bench-introspection-secret' };
const PUSH_SECRET = 'Bearer bench-push-secret';

/** A user of the bench. */
export function benchUser(name: string): DevUser {
  return { sub: name, email: `${name}@example.com`, password: 'correct horse battery staple' };
}

/** Starts the IdP and the server, which trust each other: tokens one way, security events the other. */
export async function deploy(
  users: readonly DevUser[],
  resources: AsyncDisposableStack,
): Promise<Deployment> {
  const idp = resources.use(
    await createDevIdp({
      users,
      clients: [{ clientId: CLIENT_ID, redirectUris: [REDIRECT_URI] }],
      resourceServers: [{ resource: ISSUER, scopes: SCOPES, ...INTROSPECTION }],
    }),
  );
  const pki = await createDevPki();
  const certificate = await pki.issueServerCertificate({ names: ['localhost'], ips: ['127.0.0.1'] });
  const server = await startChild<RtaServerContract>(
    new URL('./server-process.ts', import.meta.url),
    {
      issuer: ISSUER,
      cert: certificate.certPem,
      key: certificate.keyPem,
      idp: { issuer: idp.issuer, jwksUri: idp.endpoints.ssfJwksUri },
      introspection: INTROSPECTION,
      pushSecret: PUSH_SECRET,
    },
    resources,
  );
  idp.deliverTo({
    endpointUrl: `https://127.0.0.1:${server.ready.httpPort}/ssf/events`,
    audience: ISSUER,
    authorizationHeader: PUSH_SECRET,
    ca: pki.caCertPem,
  });
  return {
    idp,
    server,
    endpoint: `127.0.0.1:${server.ready.agentsPort}`,
    ca: pki.caCertPem,
    certificate,
    signIn: ({ email, password }) =>
      signInWithBrowser({
        issuer: idp.issuer,
        clientId: CLIENT_ID,
        redirectUri: REDIRECT_URI,
        username: email,
        password,
        scope: `openid email ${SCOPES.join(' ')}`,
        resource: ISSUER,
      }),
  };
}
