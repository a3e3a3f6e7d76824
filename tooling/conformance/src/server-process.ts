import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createDevPki } from '@rta/devkit';
import { Agent, fetch } from 'undici';
import type { Json } from './scripted/http.ts';

const MAIN = fileURLToPath(new URL('../../../apps/rta-server/src/main.ts', import.meta.url));

/** `rta-server` in a process of its own, as an operator starts it. */
export interface ServerProcess extends AsyncDisposable {
  /** Its issuer, which is where it answers: `https://localhost:…`. */
  readonly issuer: string;
  /** Where agents connect, `localhost:…`. */
  readonly agentEndpoint: string;
  /** Its certificate's authority, PEM. */
  readonly ca: string;
  /** `fetch` that trusts the server's certificate. */
  readonly fetch: typeof fetch;
  /** Runs a command of `rta-server` with its configuration, and gives what it printed. */
  run(...parameters: readonly string[]): Promise<string>;
  /** As `kill -9`, and a start after it. */
  crash(): Promise<void>;
  /** Ends it, without another start. */
  stop(): Promise<void>;
  /** The folder of its store. */
  readonly stateFolder: string;
}

/** What a server is told besides what every server needs. */
export interface ServerPlan {
  /** Members of the configuration file; the function gets the server's issuer. */
  readonly config: (issuer: string) => Json;
  /** Files of the configuration's folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Environment of the commands. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts one on free ports of the loopback interface. */
export async function startServerProcess(plan: ServerPlan): Promise<ServerProcess> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'rta-conformance-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const pki = await createDevPki();
  const { certPem, keyPem } = await pki.issueServerCertificate({ names: ['localhost'] });
  const [httpPort, agentsPort] = await Promise.all([freePort(), freePort()]);
  const issuer = `https://localhost:${httpPort}`;
  const config = {
    issuer,
    node: 'node-1',
    http: { host: 'localhost', port: httpPort },
    agents: { host: 'localhost', port: agentsPort, secretFile: 'agents.secret' },
    tls: { certFile: 'server.pem', keyFile: 'server.key' },
    policies: '.',
    ...plan.config(issuer),
  };
  const files = {
    'ca.pem': pki.caCertPem,
    'server.pem': certPem,
    'server.key': keyPem,
    // With it, who sends over QUIC hears from the next process that this one is gone.
    'agents.secret': randomBytes(32).toString('base64url'),
    'policy.cedar': 'permit (principal, action, resource);',
    'admin/anybody.cedar': '@id("anybody") permit (principal, action, resource);',
    'rta.yaml': JSON.stringify(config),
    ...plan.files,
  };
  await mkdir(join(folder, 'admin'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);

  const launch = (parameters: readonly string[]): ChildProcess =>
    spawn(process.execPath, ['--conditions=rta-source', MAIN, ...parameters], {
      cwd: folder,
      env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'), ...plan.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const start = async (): Promise<ChildProcess> => {
    const child = launch(['start', '--config', 'rta.yaml']);
    await isStarted(child);
    return child;
  };
  let server = await start();
  const stop = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  started.defer(stop);
  const agent = new Agent({ connect: { ca: pki.caCertPem } });
  started.defer(() => agent.close());

  const running = started.move();
  return {
    issuer,
    agentEndpoint: `localhost:${agentsPort}`,
    ca: pki.caCertPem,
    fetch: (input, init) => fetch(input, { ...init, dispatcher: agent }),
    async run(...parameters) {
      const child = launch(parameters);
      const output: Buffer[] = [];
      const errors: Buffer[] = [];
      child.stdout?.on('data', (chunk: Buffer) => output.push(chunk));
      child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
      const [code] = (await once(child, 'close')) as [number];
      if (code !== 0) {
        throw new Error(
          `rta-server ${parameters.join(' ')} ended with ${code}: ${Buffer.concat(errors).toString()}`,
        );
      }
      return Buffer.concat(output).toString();
    },
    async crash() {
      await stop();
      server = await start();
    },
    stop,
    stateFolder: join(folder, 'state'),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Resolves when the process says that it has started; rejects with what it said if it ends first. */
function isStarted(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    for (const output of [child.stdout, child.stderr]) {
      if (output === null) throw new Error('the process has no output');
      createInterface({ input: output }).on('line', (line) => {
        said.push(line);
        if (line.includes('"started"')) resolve();
      });
    }
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${said.join('\n')}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
