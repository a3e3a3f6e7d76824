import { createDevPki, type DevIdp, type DevUser, type SignIn } from '@rta/devkit';
import type { SecurityEventSource } from '@rta/server';
import { type BenchChild, startChild } from '../harness/child-process.ts';
import { createBenchIdp, INTROSPECTION, ISSUER, signInAt } from './bench-idp.ts';
import { issueIdentity, type TlsIdentity } from './identity.ts';
import type { RtaServerContract, RtaServerProcessOptions } from './server-process.ts';

/** A server in a process of its own, and an IdP in this one. */
export interface Deployment {
  readonly idp: DevIdp;
  readonly server: BenchChild<RtaServerContract>;
  /** Where the server takes security events over HTTPS. */
  readonly eventsUrl: string;
  /** What agents connect with. */
  readonly endpoint: string;
  readonly ca: string;
  /** The server's certificate and key, for servers that it is compared with. */
  readonly identity: TlsIdentity;
  /** Signs a user in at the IdP. */
  signIn(user: DevUser): Promise<SignIn>;
}

const HOST = '127.0.0.1';
const PUSH_SECRET = 'Bearer bench-push-secret';

/** What of a server is not always the same. */
export interface DeploymentOptions extends Pick<RtaServerProcessOptions, 'store' | 'trusted'> {
  /** Who sends security events besides the IdP, whose issuer is given. */
  readonly sourcesFor?: (idpIssuer: string) => readonly SecurityEventSource[];
}

/** Starts the IdP and the server, which trust each other: tokens one way, security events the other. */
export async function deploy(
  users: readonly DevUser[],
  resources: AsyncDisposableStack,
  { sourcesFor = () => [], ...options }: DeploymentOptions = {},
): Promise<Deployment> {
  const idp = resources.use(await createBenchIdp(users));
  const pki = await createDevPki();
  const identity = await issueIdentity(pki, [HOST]);
  const server = await startChild<RtaServerContract>(
    new URL('./server-process.ts', import.meta.url),
    {
      host: HOST,
      issuer: ISSUER,
      ...identity,
      idp: { issuer: idp.issuer, jwksUri: idp.endpoints.ssfJwksUri },
      introspection: INTROSPECTION,
      pushSecret: PUSH_SECRET,
      sources: sourcesFor(idp.issuer),
      ...options,
    },
    resources,
  );
  const eventsUrl = `https://${HOST}:${server.ready.httpPort}/ssf/events`;
  idp.deliverTo({
    endpointUrl: eventsUrl,
    audience: ISSUER,
    authorizationHeader: PUSH_SECRET,
    ca: pki.caCertPem,
  });
  return {
    idp,
    server,
    eventsUrl,
    endpoint: `${HOST}:${server.ready.agentsPort}`,
    ca: pki.caCertPem,
    identity,
    signIn: (user) => signInAt(idp, user),
  };
}
