import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDevIdp, createDevPki, type DevIdp, type DevPki, signInWithBrowser } from '@rta/devkit';
import { pino } from 'pino';
import { parseConfig } from '../src/config.ts';
import { type RunningServer, startServer } from '../src/running-server.ts';

const ISSUER = 'https://rta.example';
const REDIRECT_URI = 'http://127.0.0.1/callback';
const PUSH_SECRET = 'Bearer push-secret';
const INTROSPECTION = { clientId: 'rta', clientSecret: 'idp-secret' };

/** An action that the policy permits. */
export const READ = { action: 'files.read', resource: { type: 'File', id: 'a.txt' } };

/** A real server in this process, and a real IdP. */
export interface Deployment extends AsyncDisposable {
  readonly server: RunningServer;
  readonly idp: DevIdp;
  readonly pki: DevPki;
  /** Lines of the log so far. */
  readonly log: readonly { readonly msg: string; readonly level: number; readonly code?: string }[];
  /** Signs Alice in; resolves with her access token. */
  signIn(): Promise<string>;
  /** Has the IdP revoke her sessions; resolves when the server has taken it up. */
  revokeAlice(): Promise<void>;
  /** The audit log so far. */
  audit(): Promise<readonly Record<string, unknown>[]>;
  /** Writes a file of the configuration. */
  write(name: string, text: string): Promise<void>;
}

/** Starts one; what is passed replaces members of its configuration. */
export async function startDeployment(
  changes: object | ((idp: DevIdp) => object) = {},
  files: Record<string, string> = {},
): Promise<Deployment> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'rta-server-'));
  started.defer(() => rm(folder, { recursive: true }));
  const pki = await createDevPki();
  const { certPem, keyPem } = await pki.issueServerCertificate({ names: ['localhost'], ips: ['127.0.0.1'] });
  const idp = started.use(
    await createDevIdp({
      users: [{ sub: 'alice', email: 'alice@example.com', password: 'secret' }],
      clients: [{ clientId: 'app', redirectUris: [REDIRECT_URI] }],
      resourceServers: [{ resource: ISSUER, scopes: ['files.read'], ...INTROSPECTION }],
    }),
  );
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
  await Promise.all(
    Object.entries({
      'server.pem': certPem,
      'server.key': keyPem,
      'policy.cedar': 'permit (principal, action == Action::"files.read", resource);',
      ...files,
    }).map(([name, text]) => write(name, text)),
  );

  const log: { msg: string; level: number }[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => void log.push(JSON.parse(line) as never) });
  const config = parseConfig(
    JSON.stringify({
      issuer: ISSUER,
      http: { host: '127.0.0.1', port: 0 },
      agents: { host: '127.0.0.1', port: 0 },
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
          allowInsecureHttp: true,
        },
      ],
      policies: '.',
      ...(typeof changes === 'function' ? changes(idp) : changes),
    }),
    join(folder, 'rta.yaml'),
    {},
  );
  const server = await startServer(config, logger);
  started.defer(() => server.close());
  idp.deliverTo({
    endpointUrl: `https://127.0.0.1:${server.httpPort}/ssf/events`,
    audience: ISSUER,
    authorizationHeader: PUSH_SECRET,
    ca: pki.caCertPem,
  });

  const running = started.move();
  return {
    server,
    idp,
    pki,
    log,
    async signIn() {
      const { accessToken } = await signInWithBrowser({
        issuer: idp.issuer,
        clientId: 'app',
        redirectUri: REDIRECT_URI,
        username: 'alice@example.com',
        password: 'secret',
        scope: 'openid email files.read',
        resource: ISSUER,
      });
      return accessToken;
    },
    async revokeAlice() {
      const { status } = await idp.sendSessionRevoked({ sub: 'alice' });
      if (status !== 202) throw new Error(`the server answered ${status}`);
    },
    async audit() {
      const text = await readFile(join(folder, 'audit.jsonl'), 'utf8');
      return text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { record: Record<string, unknown> }).record);
    },
    write,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
