import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createDevIdp, createDevPki, type DevIdp, signInWithBrowser } from '@rta/devkit';
import { connect } from '@rta/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const ISSUER = 'https://rta.example';
const ADMIN = `${ISSUER}/admin`;
const REDIRECT_URI = 'http://127.0.0.1/callback';

let folder: string;
let ca: string;
let idp: DevIdp;
let server: ChildProcess;
let ports: { readonly httpPort: number; readonly agentsPort: number };

function run(parameters: readonly string[], environment: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ['--conditions=rta-source', MAIN, ...parameters], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const user = (sub: string) => ({ sub, email: `${sub}@example.com`, password: 'secret' });
const resource = (uri: string, scope: string, clientId: string) =>
  ({
    resource: uri,
    scopes: [scope],
    clientId,
    clientSecret: 'idp-secret',
    accessTokenFormat: 'jwt',
  }) as const;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rta-admin-'));
  const pki = await createDevPki();
  const { certPem, keyPem } = await pki.issueServerCertificate({ names: ['localhost'] });
  ca = pki.caCertPem;
  idp = await createDevIdp({
    users: [user('alice'), user('sam')],
    clients: [{ clientId: 'app', redirectUris: [REDIRECT_URI] }],
    resourceServers: [resource(ISSUER, 'files.read', 'rta'), resource(ADMIN, 'rta:admin', 'rta-admin')],
  });
  await mkdir(join(folder, 'admin'));
  await Promise.all(
    Object.entries({
      'ca.pem': ca,
      'server.pem': certPem,
      'server.key': keyPem,
      'policy.cedar': 'permit (principal, action == Action::"files.read", resource);',
      'admin/team.cedar': '@id("sam") permit (principal == User::"sam", action, resource);',
      'rta.yaml': JSON.stringify({
        issuer: ISSUER,
        node: 'node-1',
        http: { host: 'localhost', port: 0 },
        agents: { host: 'localhost', port: 0 },
        tls: { certFile: 'server.pem', keyFile: 'server.key' },
        idps: [{ issuer: idp.issuer, audiences: [ISSUER], jwks: {}, allowInsecureHttp: true }],
        policies: '.',
        admin: { audience: ADMIN, scope: 'rta:admin', policies: 'admin' },
      }),
    }).map(([name, text]) => writeFile(join(folder, name), text)),
  );
  server = run(['start', '--config', join(folder, 'rta.yaml')]);
  const started = Promise.withResolvers<typeof ports>();
  if (server.stdout === null) throw new Error('no output');
  createInterface({ input: server.stdout }).on('line', (line) => {
    const entry = JSON.parse(line) as typeof ports & { msg: string };
    if (entry.msg === 'started') started.resolve(entry);
  });
  ports = await started.promise;
});

afterAll(async () => {
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
  await idp.close();
  await rm(folder, { recursive: true });
});

const signIn = async (name: string, resource: string, scope: string): Promise<string> => {
  const { accessToken } = await signInWithBrowser({
    issuer: idp.issuer,
    clientId: 'app',
    redirectUri: REDIRECT_URI,
    username: `${name}@example.com`,
    password: 'secret',
    scope: `openid ${scope}`,
    resource,
  });
  return accessToken;
};

async function admin(token: string, ...parameters: string[]) {
  const child = run(['admin', ...parameters], {
    RTA_ADMIN_TOKEN: token,
    RTA_ADMIN_URL: `https://localhost:${ports.httpPort}`,
  });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

function getText(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: 'localhost', port: ports.httpPort, path, ca }, (response) => {
      let body = '';
      response.on('data', (text: Buffer) => (body += text.toString()));
      response.on('end', () => resolve(body));
    })
      .on('error', reject)
      .end();
  });
}

test('stops an agent from the command line: sees it, kills it, reads what became of it, lets it back', async () => {
  const token = await signIn('sam', ADMIN, 'rta:admin');
  const client = await connect(`localhost:${ports.agentsPort}`, { ca });
  const subjectToken = await signIn('alice', ISSUER, 'files.read');
  const session = await client.exchange({ subjectToken, agent: { id: 'planner' } });
  const ended = new Promise((resolve) => {
    session.signal.addEventListener('abort', resolve);
  });

  const listed = await admin(token, 'sessions', '--agent', 'planner');
  const dry = await admin(token, 'kill', 'agent', 'planner', '--reason', 'drill', '--dry-run');
  const live = session.signal.aborted;
  const killed = await admin(token, 'kill', 'agent', 'planner', '--reason', 'drill', '--json');
  await ended;
  const { change } = JSON.parse(killed.stdout) as { change: string };
  const receipt = await admin(token, 'change', change);

  expect(listed.stdout).toContain('planner for alice');
  expect(dry.stdout).toMatch(/^would meet 1 sessions, 1 of them connected, on node-1; nothing was changed\n/);
  expect(live).toBe(false);
  expect(receipt.stdout).toContain(`${change}: session-revoked by https://rta.example/admin (drill)`);
  const back = () => client.exchange({ subjectToken, agent: { id: 'planner' } });
  await expect(back()).rejects.toThrow('RTA_AUTHORITY_CEILING');
  expect((await admin(token, 'lift', 'agent', 'planner', '--reason', 'done')).code).toBe(0);
  expect((await back()).id).toMatch(/^[\w-]{22}$/);
  await client.close();

  const metrics = await getText('/metrics');
  expect(metrics).toContain('rta_change_stage_seconds_count{kind="session-revoked",stage="decided"} 1');
});

test('says what was wrong, by exit code and by the code of the error, and never shows the token', async () => {
  const alice = await signIn('alice', ADMIN, 'rta:admin');
  const denied = await admin(alice, 'kill', 'agent', 'planner', '--reason', 'r');
  const missing = await admin('', 'whoami');
  const unclear = await admin(alice, 'kill', 'everyone', '--reason', 'r');
  const plain = await admin(alice, 'whoami', '--url', 'http://localhost:1');
  const nobody = await admin(alice, 'whoami', '--url', 'https://localhost:1');
  const wrong = await admin(await signIn('sam', ISSUER, 'files.read'), 'whoami');

  expect(denied).toMatchObject({ code: 1, stderr: expect.stringContaining('403 RTA_SERVER_ADMIN_DENIED') });
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('RTA_CLI_TOKEN') });
  expect(unclear).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  expect(plain).toMatchObject({ code: 1, stderr: expect.stringContaining('must be https') });
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be reached') });
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('401 RTA_SERVER_ADMIN_TOKEN') });
  for (const { stderr } of [denied, unclear, plain, nobody, wrong]) expect(stderr).not.toContain(alice);
});
