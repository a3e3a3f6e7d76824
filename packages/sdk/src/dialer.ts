import type { ServerCredentials, TransportConnection } from '@rta/transport';
import type {
  createQuicDialer,
  QuicClientConnection,
  QuicDialer,
  QuicDialerOptions,
} from '@rta/transport-quic';
import type { dialWebSocket } from '@rta/transport-websocket';
import { codeOf, sdkDiagnostics } from './diagnostics.ts';
import type { Endpoint } from './endpoint.ts';
import { sdkError } from './errors.ts';
import { keepDialer, keptDialer } from './kept-dialer.ts';
import { type TicketStore, ticketKey } from './ticket-store.ts';

/** A transport over which a server can be reached. */
export type TransportName = 'quic' | 'websocket';

/** Whom a client trusts, and who it is. */
export interface DialOptions {
  /**
   * Certificates to trust, PEM; those that Node.js trusts by default. Connections that share `tickets` trust what Node.js
   * trusted when the first of them was made.
   */
  readonly ca?: string;
  /** The name that the server's certificate must be for; the host by default. */
  readonly serverName?: string;
  /** A certificate of this client and its key, PEM, for servers that want to know their clients (mutual TLS). */
  readonly credentials?: ServerCredentials;
  /**
   * Keeps what servers give for `resume()`. Without it, nothing is kept. With the same store, whoever comes back to a
   * server also finds what was read and computed for the connection before.
   */
  readonly tickets?: TicketStore;
  /** Traces QUIC connections; `qlogFiles` of `@rta/transport-quic` writes files that the usual viewers read. */
  readonly qlog?: QuicDialerOptions['qlog'];
}

/** Reaches one server over either transport. */
export interface Dialer {
  /**
   * @throws RtaError `RTA_SDK_QUIC_UNAVAILABLE`; `RTA_TRANSPORT_UNREACHABLE`, `RTA_TRANSPORT_CERTIFICATE`,
   *   `RTA_TRANSPORT_HANDSHAKE`, `RTA_TRANSPORT_CONFIG`; the reason of the signal.
   */
  quic(signal: AbortSignal, ticket?: Uint8Array): Promise<QuicClientConnection>;
  /** @throws as `quic`, but for the first. */
  websocket(signal: AbortSignal): Promise<TransportConnection>;
  /** A ticket for `quic`, where there is one. */
  takeTicket(): Promise<Uint8Array | undefined>;
}

/** Loads a transport when it is needed: QUIC has a native binary, which not every platform has. */
export interface TransportLoaders {
  quic(): Promise<{ readonly createQuicDialer: typeof createQuicDialer }>;
  websocket(): Promise<{ readonly dialWebSocket: typeof dialWebSocket }>;
}

const LOADERS: TransportLoaders = {
  quic: () => import('@rta/transport-quic'),
  websocket: () => import('@rta/transport-websocket'),
};

const ALPN = 'rta/1';

/** Whether the process was told that it has no QUIC. What a platform has does not change. */
let isUnavailabilityTold = false;

/** Makes the dialer of one server. */
export function createDialer(
  { host, port }: Endpoint,
  options: DialOptions,
  loaders: TransportLoaders = LOADERS,
): Dialer {
  const { ca, serverName, credentials, tickets, qlog } = options;
  const target = {
    host,
    port,
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(credentials === undefined ? {} : { credentials: { ...credentials } }),
  };
  const key = ticketKey({
    host,
    port,
    serverName: serverName ?? host,
    alpn: ALPN,
    ca,
    clientCert: credentials?.cert,
  });

  const quicOptions = { ...target, ...(qlog === undefined ? {} : { qlog }) };
  let quicDialer = tickets === undefined ? undefined : keptDialer(tickets, quicOptions);
  /** One for all dials: it reads the authorities, which takes a while. */
  const openQuicDialer = async (): Promise<QuicDialer> => {
    if (quicDialer !== undefined) return quicDialer;
    const { createQuicDialer } = await loadQuic(loaders);
    quicDialer ??= createQuicDialer(quicOptions);
    if (tickets !== undefined) keepDialer(tickets, { options: quicOptions, dialer: quicDialer });
    return quicDialer;
  };

  const keep = async (store: TicketStore, ticket: Uint8Array): Promise<void> => {
    try {
      await store.put(key, ticket);
    } catch (error) {
      sdkDiagnostics.publish({ fact: 'ticket-store-failed', because: codeOf(error) });
    }
  };

  return {
    async quic(signal, ticket) {
      const dialer = await openQuicDialer();
      const connection = await dialer.dial({ signal, ticket });
      if (tickets !== undefined) connection.onTicket((fresh) => void keep(tickets, fresh));
      return connection;
    },
    async websocket(signal) {
      const { dialWebSocket } = await loaders.websocket();
      return dialWebSocket({ ...target, signal });
    },
    async takeTicket() {
      try {
        return await tickets?.take(key);
      } catch (error) {
        sdkDiagnostics.publish({ fact: 'ticket-store-failed', because: codeOf(error) });
        return undefined;
      }
    },
  };
}

async function loadQuic(loaders: TransportLoaders): ReturnType<TransportLoaders['quic']> {
  try {
    return await loaders.quic();
  } catch (cause) {
    if (!isUnavailabilityTold) {
      isUnavailabilityTold = true;
      sdkDiagnostics.publish({ fact: 'quic-unavailable', because: codeOf(cause) });
    }
    throw sdkError('RTA_SDK_QUIC_UNAVAILABLE', undefined, { cause });
  }
}
