import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDevPki, type DevPki, type IssuedCertificate } from '@rta/devkit';
import type { TransportConnection, TransportListener } from '@rta/transport';
import {
  type DialQuicOptions,
  dialQuic,
  type ListenQuicOptions,
  listenQuic,
  type QuicClientConnection,
} from '@rta/transport-quic';
import type { Implementation } from './implementations.ts';
import { Mailbox } from './mailbox.ts';
import { type Network, openNetwork } from './network.ts';
import { PeerProcess } from './peer-process.ts';
import type { Command } from './toolchains.ts';

/** How a peer is configured; files are PEM. */
export interface PeerOptions {
  /** The server's; by default any that is free. */
  readonly port?: number;
  /** Authorities to trust; a client trusts that of the stage by default. */
  readonly ca?: string;
  /** What it shows; a server shows that of the stage by default. */
  readonly certificate?: IssuedCertificate;
  readonly alpn?: string;
  readonly idleMs?: number;
  /** Largest UDP payload that it sends. */
  readonly datagramBytes?: number;
  /** The version that a client tries first; the only one that a server speaks. */
  readonly version?: number;
  /** Has a server validate addresses by Retry packets. */
  readonly retry?: boolean;
  /** What the stateless reset tokens of a server are derived from. */
  readonly resetKey?: string;
  /** When a server has its connection ids replaced. */
  readonly idLifetimeMs?: number;
}

/** Our server on the loopback interface, and the connections that it was given. */
export interface OurServer {
  readonly listener: TransportListener;
  readonly port: number;
  /** The next connection that nobody has asked for. */
  next(): Promise<TransportConnection>;
}

/** Where a case runs: the implementation, certificates, and everything that is to be ended afterwards. */
export interface Stage {
  readonly implementation: Implementation;
  readonly pki: DevPki;
  /** A certificate for `localhost`, which servers show. */
  readonly certificate: IssuedCertificate;
  /** Starts their server. */
  theirServer(options?: PeerOptions): Promise<{ readonly peer: PeerProcess; readonly port: number }>;
  /** Starts their client; it connects when it is asked to. */
  theirClient(port: number, options?: PeerOptions): Promise<PeerProcess>;
  /** Starts our server. */
  listen(options?: Partial<ListenQuicOptions>): Promise<OurServer>;
  /** Puts a network before a server. */
  networkTo(port: number): Promise<Network>;
  /** Connects our client. */
  dial(port: number, options?: Partial<DialQuicOptions>): Promise<QuicClientConnection>;
}

/** Opens a stage, runs a case on it, and ends whatever the case left open. */
export async function onStage(
  implementation: Implementation,
  command: Command,
  run: (stage: Stage) => Promise<void>,
): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'rta-interop-'));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const pki = await createDevPki();
  const certificate = await pki.issueServerCertificate({ names: ['localhost'], ips: ['127.0.0.1'] });

  let fileCount = 0;
  const file = async (pem: string): Promise<string> => {
    fileCount += 1;
    const path = join(folder, `${fileCount}.pem`);
    await writeFile(path, pem, { mode: 0o600 });
    return path;
  };

  const startPeer = async (role: 'client' | 'server', options: PeerOptions) => {
    const { ca, certificate: shown } = options;
    const args = [role, ...settings(options)];
    if (ca !== undefined) args.push('--ca', await file(ca));
    if (shown !== undefined)
      args.push('--cert', await file(shown.certPem), '--key', await file(shown.keyPem));
    const started = await PeerProcess.start(command, args);
    resources.use(started.peer);
    return started;
  };

  await run({
    implementation,
    pki,
    certificate,
    theirServer: (options = {}) => startPeer('server', { certificate, ...options }),
    theirClient: async (port, options = {}) => {
      const { peer } = await startPeer('client', { port, ca: pki.caCertPem, ...options });
      return peer;
    },
    listen: async (options = {}) => {
      const accepted = new Mailbox<TransportConnection>();
      const listener = await listenQuic({
        host: '127.0.0.1',
        port: 0,
        cert: certificate.certPem,
        key: certificate.keyPem,
        onConnection: (connection) => accepted.put(connection),
        ...options,
      });
      resources.use(listener);
      return { listener, port: listener.address.port, next: () => accepted.next() };
    },
    networkTo: async (port) => resources.use(await openNetwork(port)),
    dial: async (port, options = {}) => {
      const connection = await dialQuic({ host: '127.0.0.1', port, ca: pki.caCertPem, ...options });
      resources.use(connection);
      return connection;
    },
  });
}

function settings(options: PeerOptions): string[] {
  const values = {
    '--port': options.port,
    '--alpn': options.alpn,
    '--idle-ms': options.idleMs,
    '--datagram-bytes': options.datagramBytes,
    '--version': options.version,
    '--reset-key': options.resetKey,
    '--id-lifetime-ms': options.idLifetimeMs,
  };
  const args = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [name, `${value}`],
  );
  return options.retry === true ? [...args, '--retry'] : args;
}
