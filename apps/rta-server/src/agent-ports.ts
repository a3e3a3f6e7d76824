import { randomBytes } from 'node:crypto';
import type {
  ClientAuthentication,
  ConnectionHandler,
  SecureTransportListener,
  ServerCredentials,
} from '@rta/transport';
import type { listenQuic, qlogFiles } from '@rta/transport-quic';
import { listenWebSocket } from '@rta/transport-websocket';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { appError } from './errors.ts';
import { readSecretFile } from './secret-file.ts';

/** Where agents connect: a UDP port, a TCP port, or both with one number. */
export interface AgentPorts extends AsyncDisposable {
  readonly port: number;
  readonly transports: readonly SecureTransportListener['kind'][];
  /** Shows another certificate to those who connect from now on. @throws RtaError `RTA_TRANSPORT_CONFIG` */
  reload(credentials: ServerCredentials): void;
  close(): Promise<void>;
}

/** What the ports are opened with. */
export interface AgentPortsOptions {
  readonly agents: Config['agents'];
  readonly credentials: ServerCredentials;
  readonly clientAuthentication: ClientAuthentication | undefined;
  readonly onConnection: ConnectionHandler;
  /** What is served over QUIC (ALPN); over WebSocket it is agents only. */
  readonly protocols: readonly string[];
  readonly logger: Logger;
  /** Traces QUIC connections as qlog, a file each, in this folder. */
  readonly qlogFolder?: string;
  /** Loads QUIC, which has no binary for some platforms. */
  readonly loadQuic?: () => Promise<QuicModule>;
}

/** A free UDP port whose TCP port is taken is seldom met, and hardly ever so often in a row. */
const PORT_ATTEMPTS = 8;

/**
 * Opens the ports for agents.
 *
 * @throws RtaError `RTA_CONFIG_FILE`, `RTA_CONFIG_INVALID` for the secret, or where only QUIC is wanted on a platform
 *   that has none; `RTA_TRANSPORT_CONFIG` where a port cannot be opened.
 */
export async function openAgentPorts(options: AgentPortsOptions): Promise<AgentPorts> {
  const { host, port, transports } = options.agents;
  const shared = {
    ...options.credentials,
    onConnection: options.onConnection,
    ...(options.clientAuthentication === undefined
      ? {}
      : { clientAuthentication: options.clientAuthentication }),
  };
  const openQuic = transports.includes('quic') ? await prepareQuic(options, shared) : undefined;
  if (openQuic === undefined) return ports([await listenWebSocket({ host, port, ...shared })]);
  if (!transports.includes('websocket')) return ports([await openQuic({ host, port })]);

  for (let attempt = 1; ; attempt++) {
    const quic = await openQuic({ host, port });
    try {
      // The address that was bound, since a name may have several; and the number, where any would do.
      return ports([quic, await listenWebSocket({ ...quic.address, ...shared })]);
    } catch (error) {
      await quic.close();
      if (port !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

type Shared = ServerCredentials & {
  readonly onConnection: ConnectionHandler;
  readonly clientAuthentication?: ClientAuthentication;
};

type Open = (address: { readonly host: string; readonly port: number }) => Promise<SecureTransportListener>;

/** What is used of `@rta/transport-quic`. */
interface QuicModule {
  readonly listenQuic: typeof listenQuic;
  readonly qlogFiles: typeof qlogFiles;
}

/** What opens a UDP port; undefined where the platform has no QUIC, and WebSocket has to do. */
async function prepareQuic(options: AgentPortsOptions, shared: Shared): Promise<Open | undefined> {
  const { agents, logger, qlogFolder, loadQuic = () => import('@rta/transport-quic') } = options;
  let quic: QuicModule;
  try {
    quic = await loadQuic();
  } catch (cause) {
    if (!agents.transports.includes('websocket')) {
      throw appError('RTA_CONFIG_INVALID', 'agents.transports: there is no QUIC on this platform', { cause });
    }
    logger.warn('there is no QUIC on this platform: agents connect over WebSocket');
    return undefined;
  }
  const secret = await transportSecret(agents, logger);
  const qlog =
    qlogFolder === undefined
      ? undefined
      : quic.qlogFiles(qlogFolder, ({ message }) => logger.warn(`a qlog trace ends early: ${message}`));
  return (address) =>
    quic.listenQuic({
      ...address,
      ...shared,
      alpn: options.protocols,
      earlyData: agents.earlyData,
      secret,
      ...(qlog === undefined ? {} : { qlog }),
    });
}

async function transportSecret({ secretFile }: Config['agents'], logger: Logger): Promise<Uint8Array> {
  if (secretFile !== undefined) return readSecretFile(secretFile);
  logger.info(
    'agents.secretFile is not set: what agents keep of a connection is good here, until the next start',
  );
  return Uint8Array.from(randomBytes(32));
}

function ports(listeners: readonly [SecureTransportListener, ...SecureTransportListener[]]): AgentPorts {
  const [{ address }] = listeners;
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()));
  };
  return {
    port: address.port,
    transports: listeners.map(({ kind }) => kind),
    reload(credentials) {
      for (const listener of listeners) listener.reload(credentials);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
