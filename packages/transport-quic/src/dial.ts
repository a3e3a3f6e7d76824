import { isIP } from 'node:net';
import type { Clock } from '@rta/core';
import {
  type MigrateOptions,
  type TransportConnection,
  type TransportLimits,
  transportError,
} from '@rta/transport';
import { packetBytesTo, resolveHost } from './address.ts';
import { ClientPaths } from './client-paths.ts';
import { ClientSockets, type ClientSocketsOptions } from './client-sockets.ts';
import { QuicConnection } from './connection.ts';
import { randomResetToken } from './connection-ids.ts';
import type { EarlyData } from './connection-options.ts';
import type { QuicEndpoint } from './endpoint.ts';
import { handshakeError, TLS_BAD_CERTIFICATE, unreachable } from './errors.ts';
import { type ConnectionTimes, QUIC_LIMITS } from './limits.ts';
import { type Address, type NativeConfig, NativeConnection } from './native.ts';
import { newConnectionId } from './packet-routing.ts';
import type { QlogOpener } from './qlog.ts';
import type { ServerIdentifier } from './server-identity.ts';
import type { TicketSeal } from './ticket.ts';

/** What is for one connection alone. */
export interface DialOptions {
  /**
   * What `onTicket` gave on an earlier connection to the same server. Then the connection may be used at once, and
   * what is written before the handshake is complete goes as early data (0-RTT). Use each ticket once, or who watches
   * the network can tell that it is you again (RFC 8446 §C.4). One that is of no use is not an error.
   */
  readonly ticket?: Uint8Array | undefined;
  /** Gives up when it fires, and rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A client's connection. */
export interface QuicClientConnection extends TransportConnection {
  readonly kind: 'quic';
  /** Of the certificate in `credentials`; a server that asked for none, which a client cannot tell, knows of none. */
  readonly clientThumbprint: Uint8Array | undefined;
  /**
   * What became of early data. `pending` until the handshake is complete; then whether the server took up the session
   * of the ticket. Where it did not, the transport sends the same bytes again: the peer reads them once.
   */
  readonly earlyData: EarlyData;
  /**
   * Settled when the handshake is complete, which it is from the start without a ticket. Rejects as `dialQuic` does;
   * the connection is closed then.
   */
  readonly established: Promise<void>;
  /**
   * Sets who is given the server's ticket for another connection, once. It is a secret: who has it and captures what
   * was sent with it can read that, and can impersonate this client as far as TLS goes. At most 16 KB.
   */
  onTicket(handler: (ticket: Uint8Array) => void): void;
  /**
   * Goes on from another local address, if the server answers there. Calls wait for each other; one that comes before
   * the handshake is complete waits for that.
   */
  migrate(options?: MigrateOptions): Promise<void>;
}

/** What the connections to one server have in common. */
export interface DialledServer {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  readonly config: NativeConfig;
  readonly tickets: TicketSeal;
  readonly identify: ServerIdentifier;
  /** Of the certificate that the client shows. */
  readonly clientThumbprint: Uint8Array | undefined;
  readonly limits: TransportLimits;
  readonly times: ConnectionTimes;
  readonly qlog: QlogOpener | undefined;
  readonly clock: Clock;
}

/** Connects to a server; `QuicDialer.dial` says how. */
export async function dial(
  server: DialledServer,
  { ticket, signal }: DialOptions,
): Promise<QuicClientConnection> {
  const { tickets, identify, clientThumbprint, limits, times, clock } = server;
  signal?.throwIfAborted();
  const peer = await resolvePeer(server);
  signal?.throwIfAborted();

  const usable = Promise.withResolvers<void>();
  const established = Promise.withResolvers<void>();
  // Who was not given the connection, or does not ask, needs not know.
  established.promise.catch(() => {});
  const refuse = (error: unknown): void => {
    usable.reject(error);
    established.reject(error);
  };
  let connection: QuicConnection | undefined;
  let paths: ClientPaths | undefined;
  const fail = (error: unknown): void => {
    refuse(error);
    connection?.abandon(0);
  };
  const sockets = await openSockets({
    peer,
    scratchBytes: limits.maxChunkBytes,
    // A client's socket is connected to its server: whatever arrives is for the one connection.
    onUnrouted: (datagram, from, to) => connection?.receive(datagram, from, to),
    onError: (cause, socket) => {
      // Once the connection is open, an ICMP message, which anybody can forge, does not end it.
      fail(unreachable(peer, cause));
      paths?.onSocketError(socket, cause);
    },
  });
  const endpoint = sockets.first;
  const id = newConnectionId();
  const { native, isResuming } = begin(id, { server, endpoint, peer, ticket });
  const chosen = new ClientPaths({
    native,
    sockets,
    peer,
    clock,
    established: established.promise,
    flushSoon: () => connection !== undefined && endpoint.flushSoon(connection),
  });
  paths = chosen;
  const opened = new QuicConnection({
    role: 'client',
    native,
    endpoint,
    paths: chosen,
    router: sockets,
    limits,
    clock,
    routes: [id],
    resetToken: randomResetToken,
    idleTimeoutMs: times.idleTimeoutMs,
    keepAliveMs: times.keepAliveMs,
    allowsEarlyData: isResuming,
    identify: (native) => {
      try {
        const { channelBinding } = identify(native.peerCertChain());
        return { channelBinding, clientThumbprint };
      } catch (error) {
        refuse(error);
        connection?.abandon(TLS_BAD_CERTIFICATE);
        return undefined;
      }
    },
    onOpen: () => usable.resolve(),
    onEstablished: () => established.resolve(),
    qlog: server.qlog,
    lingerMs: QUIC_LIMITS.clientLingerMs,
    onEnd: (_connection, info, lingering) => {
      refuse(handshakeError(info, peer));
      const last = chosen.endpoint;
      last.unref();
      void Promise.resolve(lingering?.ended).then(() => last.close());
    },
  });
  connection = opened;

  const timer = clock.after(times.connectTimeoutMs, () => fail(unreachable(peer)));
  const onAbort = (): void => fail(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const handshakeOver = (): void => {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  };
  established.promise.then(handshakeOver, handshakeOver);
  if (signal?.aborted === true) onAbort();
  opened.start();
  await usable.promise;
  return clientConnection(opened, chosen, established.promise, tickets);
}

/** What a program sees of a client's connection. */
function clientConnection(
  connection: QuicConnection,
  paths: ClientPaths,
  established: Promise<void>,
  tickets: TicketSeal,
): QuicClientConnection {
  return Object.assign(connection, {
    established,
    migrate: (options?: MigrateOptions) => paths.migrate(options),
    onTicket: (handler: (ticket: Uint8Array) => void) =>
      connection.onSession((session) => handler(tickets.seal(session))),
  });
}

/** The connection that is going to be, with the session of the ticket where it is good. */
function begin(
  id: Uint8Array,
  options: {
    readonly server: DialledServer;
    readonly endpoint: QuicEndpoint;
    readonly peer: Address;
    readonly ticket: Uint8Array | undefined;
  },
): { native: NativeConnection; isResuming: boolean } {
  const { server, endpoint, peer, ticket } = options;
  const { serverName, config, tickets, identify, clock } = server;
  const name = isIP(serverName) === 0 ? serverName : null;
  const make = (): NativeConnection =>
    startHandshake(endpoint, () => {
      // quiche copies its configuration when it connects.
      config.setMaxSendUdpPayloadSize(packetBytesTo(peer));
      return NativeConnection.connect(name, id, endpoint.name, peer, config);
    });
  if (ticket !== undefined) {
    const native = make();
    if (tickets.use(native, { ticket, identify, nowMs: clock.now() })) return { native, isResuming: true };
  }
  return { native: make(), isResuming: false };
}

async function resolvePeer({ host, port }: DialledServer): Promise<Address> {
  try {
    return { host: await resolveHost(host), port };
  } catch (cause) {
    throw unreachable({ host, port }, cause);
  }
}

async function openSockets(options: ClientSocketsOptions): Promise<ClientSockets> {
  try {
    return await ClientSockets.open(options);
  } catch (cause) {
    throw unreachable(options.peer, cause);
  }
}

function startHandshake(endpoint: QuicEndpoint, connect: () => NativeConnection): NativeConnection {
  try {
    return connect();
  } catch (cause) {
    void endpoint.close();
    throw transportError('RTA_TRANSPORT_CONFIG', 'the TLS library refuses the server name', {
      details: { option: 'serverName' },
      cause,
    });
  }
}
