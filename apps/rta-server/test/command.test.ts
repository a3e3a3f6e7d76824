import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createDevIdp, createDevPki, type DevIdp, signInWithBrowser } from '@rta/devkit';
import { connect } from '@rta/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const ISSUER = 'https://rta.example';
const REDIRECT_URI = 'http://127.0.0.1/callback';
const READ = { action: 'files.read', resource: { type: 'File', id: 'a.txt' } };

let folder: string;
let ca: string;
let idp: DevIdp;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rta-server-'));
  const pki = await createDevPki();
  const { certPem, keyPem } = await pki.issueServerCertificate({ names: ['localhost'] });
  ca = pki.caCertPem;
  idp = await createDevIdp({
    users: [{ sub: 'alice', email: 'alice@example.com', password: 'secret' }],
    clients: [{ clientId: 'app', redirectUris: [REDIRECT_URI] }],
    resourceServers: [
      { resource: ISSUER, scopes: ['files.read'], clientId: 'rta', clientSecret: 'idp-secret' },
    ],
  });
  await writeFile(join(folder, 'server.pem'), certPem);
  await writeFile(join(folder, 'server.key'), keyPem);
  await writeFile(
    join(folder, 'policy.cedar'),
    'permit (principal, action == Action::"files.read", resource);',
  );
});

afterAll(async () => {
  await idp.close();
  await rm(folder, { recursive: true });
});

async function writeConfig(name: string, changes: object = {}): Promise<string> {
  const file = join(folder, name);
  const config = {
    issuer: ISSUER,
    http: { host: 'localhost', port: 0 },
    agents: { host: 'localhost', port: 0 },
    tls: { certFile: 'server.pem', keyFile: 'server.key' },
    idps: [
      {
        issuer: idp.issuer,
        audiences: [ISSUER],
        introspection: { clientId: 'rta', clientSecret: '${IDP_SECRET}' },
        allowInsecureHttp: true,
      },
    ],
    policies: '.',
    audit: { file: 'audit.jsonl' },
    ...changes,
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

function run(...parameters: string[]): ChildProcess {
  return spawn(process.execPath, ['--conditions=rta-source', MAIN, ...parameters], {
    env: { ...process.env, IDP_SECRET: 'idp-secret' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function outcomeOf(child: ChildProcess): Promise<{ code: unknown; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

function get(port: number, path: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    request({ host: 'localhost', port, path, ca }, (response) => {
      let body = '';
      response.on('data', (text: Buffer) => (body += text.toString()));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    })
      .on('error', reject)
      .end();
  });
}

describe('rta-server', () => {
  test('explains itself', async () => {
    const { code, stdout } = await outcomeOf(run('--help'));
    expect(code).toBe(0);
    expect(stdout).toContain('rta-server start [--config FILE]');
  });

  test('tells its version', async () => {
    expect(await outcomeOf(run('--version'))).toMatchObject({ code: 0, stdout: '0.0.0\n' });
  });

  test.each([
    [[]],
    [['run']],
    [['start', 'now']],
    [['--verbose']],
    [['start', '--now']],
    [['keys']],
    [['keys', 'revoke', '1']],
  ])('does not guess at %j', async (parameters) => {
    expect((await outcomeOf(run(...parameters))).code).toBe(2);
  });

  test('checks a configuration', async () => {
    const good = await writeConfig('good.yaml');
    expect(await outcomeOf(run('config', 'check', '--config', good))).toMatchObject({ code: 0 });
  });

  test.each([
    ['a configuration that is not there', 'nowhere.yaml', {}, 'RTA_CONFIG_FILE'],
    [
      'a certificate that is not there',
      'no-cert.yaml',
      { tls: { certFile: 'none.pem', keyFile: 'none.key' } },
      'RTA_CONFIG_FILE',
    ],
    [
      'a folder of policies that is not there',
      'no-policies.yaml',
      { policies: 'nowhere' },
      'RTA_PDP_CEDAR_SOURCE',
    ],
    [
      'a folder of keys that is not there',
      'no-keys.yaml',
      { tokens: { keyFolder: 'nowhere' } },
      'RTA_KEYS_FILE_FOLDER',
    ],
  ])('does not start with %s, and says why', async (_, name, changes, code) => {
    const file = name === 'nowhere.yaml' ? join(folder, name) : await writeConfig(name, changes);
    const outcome = await outcomeOf(run('start', '--config', file));
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(code);
  });

  test('makes and revokes keys, for people and for programs', async () => {
    const config = await writeConfig('keys.yaml', { tokens: { keyFolder: 'keys' } });
    const keys = (...words: string[]) => outcomeOf(run('keys', ...words, '--config', config));

    expect(await keys('list')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('rta-server keys create'),
    });
    expect(await keys('create')).toMatchObject({ code: 0 });
    expect(await keys('create')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/RTA_KEYS_FILE_EXISTS[^]*What to do: .*keys rotate/),
    });
    const revoked = await keys('revoke', '1', '--reason', 'leaked', '--json');
    expect([revoked.code, JSON.parse(revoked.stdout)]).toEqual([
      0,
      { revoked: 1, wasRevoked: false, successor: 2 },
    ]);
  });

  test('serves agents and operators, and sends its agents away before it stops', async () => {
    const child = run('start', '--config', await writeConfig('serving.yaml'));
    const stdout: string[] = [];
    const started = Promise.withResolvers<{ httpPort: number; agentsPort: number }>();
    const reloaded = Promise.withResolvers<void>();
    if (child.stdout === null) throw new Error('no output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      stdout.push(line);
      const entry = JSON.parse(line) as { msg: string; httpPort: number; agentsPort: number };
      if (entry.msg === 'started') started.resolve(entry);
      if (entry.msg === 'the certificate was reloaded') reloaded.resolve();
    });
    const ended = once(child, 'exit');
    const { httpPort, agentsPort } = await started.promise;

    expect(await get(httpPort, '/healthz')).toEqual({ status: 200, body: '{"status":"up"}' });
    expect(await get(httpPort, '/readyz')).toEqual({ status: 200, body: '{"status":"ready"}' });

    const { accessToken } = await signInWithBrowser({
      issuer: idp.issuer,
      clientId: 'app',
      redirectUri: REDIRECT_URI,
      username: 'alice@example.com',
      password: 'secret',
      scope: 'openid email files.read',
      resource: ISSUER,
    });
    const client = await connect(`localhost:${agentsPort}`, { ca });
    const session = await client.exchange({ subjectToken: accessToken, agent: { id: 'agent-1' } });
    expect(await session.authorize(READ)).toMatchObject({ permitted: true });

    const { body } = await get(httpPort, '/metrics');
    expect(body).toContain('rta_decisions_total{effect="permit",cause="policy"} 1');
    expect(body).toContain('rta_sessions 1');
    expect(body).toContain('rta_connections 1');
    expect(body).toContain('rta_audit_log_writable 1');
    expect(body).toContain('rta_audit_records_lost 0');

    child.kill('SIGHUP');
    await reloaded.promise;

    child.kill('SIGTERM');
    expect(await client.goingAway).toMatchObject({ reason: 'the node is going away' });
    expect(await client.closed).toEqual({ reason: 'the node is going away' });
    expect(session.signal.aborted).toBe(true);
    expect(await ended).toEqual([0, null]);

    const written = `${stdout.join('\n')}${await readFile(join(folder, 'audit.jsonl'), 'utf8')}`;
    expect(written).toContain('"kind":"exchange","outcome":"ok"');
    expect(written).toContain('"action":"files.read"');
    for (const secret of [accessToken, 'idp-secret']) expect(written).not.toContain(secret);
  });
});
