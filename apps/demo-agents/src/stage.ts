import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDevIdp, createDevPki, type DevIdp, type SignIn, signInWithBrowser } from '@rta/devkit';
import { createSetSender, type SetSender } from '@rta/ssf-sender';
import { startServerProcess } from './server-process.ts';
import { createTools, type Tools } from './tools.ts';

/** Everything that the story is played on. */
export interface Stage extends AsyncDisposable {
  readonly idp: DevIdp;
  /** Sends the IdP's events over QUIC; `idp` itself pushes them. */
  readonly sender: SetSender;
  /** Where agents connect. */
  readonly endpoint: string;
  /** The authority of the server's certificate, PEM. */
  readonly ca: string;
  readonly tools: Tools;
  /** Rows of the audit log, oldest first, as the server has written them so far. */
  readonly auditFile: string;
  /** Signs Alice in at the IdP, as a browser would. */
  signIn(): Promise<SignIn>;
}

/** The identifier under which the server is known; where it listens is another matter. */
const ISSUER = 'https://rta.demo.localhost';
const REDIRECT_URI = 'http://127.0.0.1/callback';
const SCOPES = ['files.read', 'files.write', 'files.delete'];
const INTROSPECTION = { clientId: 'rta', clientSecret: 'demo-introspection-secret' };
const PUSH_SECRET = 'Bearer demo-push-secret';
const QUIC_SECRET = 'Bearer demo-quic-secret';
const ALICE = {
  sub: 'alice',
  email: 'alice@example.com',
  name: 'Alice',
  password: 'correct horse battery staple',
};

/** Starts the IdP and the server. */
export async function setStage(): Promise<Stage> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'rta-demo-'));
  started.defer(() => rm(folder, { recursive: true }));

  const idp = started.use(
    await createDevIdp({
      users: [ALICE],
      clients: [{ clientId: 'co-pilot', redirectUris: [REDIRECT_URI] }],
      resourceServers: [{ resource: ISSUER, scopes: SCOPES, ...INTROSPECTION }],
    }),
  );
  const pki = await createDevPki();
  const { certPem, keyPem } = await pki.issueServerCertificate({ names: ['localhost'], ips: ['127.0.0.1'] });
  const auditFile = join(folder, 'audit.jsonl');
  await Promise.all([
    writeFile(join(folder, 'server.pem'), certPem),
    writeFile(join(folder, 'server.key'), keyPem, { mode: 0o600 }),
    // JSON is YAML: the configuration file of the server.
    writeFile(join(folder, 'rta.yaml'), JSON.stringify(serverConfig(idp, auditFile), undefined, 2)),
  ]);
  const server = started.use(await startServerProcess(join(folder, 'rta.yaml')));
  idp.deliverTo({
    endpointUrl: `https://localhost:${server.httpPort}/ssf/events`,
    audience: ISSUER,
    authorizationHeader: PUSH_SECRET,
    ca: pki.caCertPem,
  });
  const endpoint = `localhost:${server.agentsPort}`;
  const sender = started.use(
    createSetSender({ endpoint, issuer: idp.issuer, authorization: QUIC_SECRET, ca: pki.caCertPem }),
  );

  const running = started.move();
  return {
    idp,
    sender,
    endpoint,
    ca: pki.caCertPem,
    tools: createTools(join(folder, 'scratch')),
    auditFile,
    signIn: () =>
      signInWithBrowser({
        issuer: idp.issuer,
        clientId: 'co-pilot',
        redirectUri: REDIRECT_URI,
        username: ALICE.email,
        password: ALICE.password,
        scope: `openid email ${SCOPES.join(' ')}`,
        resource: ISSUER,
      }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function serverConfig(idp: DevIdp, auditFile: string): object {
  return {
    issuer: ISSUER,
    node: 'demo-node',
    http: { host: 'localhost', port: 0 },
    agents: { host: 'localhost', port: 0 },
    tls: { certFile: 'server.pem', keyFile: 'server.key' },
    idps: [
      { issuer: idp.issuer, audiences: [ISSUER], introspection: INTROSPECTION, allowInsecureHttp: true },
    ],
    transmitters: [
      {
        issuer: idp.issuer,
        audience: ISSUER,
        jwksUri: idp.endpoints.ssfJwksUri,
        authorizationHeader: PUSH_SECRET,
        quic: { authorization: QUIC_SECRET },
        allowInsecureHttp: true,
      },
    ],
    policies: fileURLToPath(new URL('../policies', import.meta.url)),
    audit: { file: auditFile },
  };
}
