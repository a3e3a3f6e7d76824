import { isIP } from 'node:net';
import { type Clock, systemClock } from '@rta/core';
import {
  type MigrateOptions,
  resolveTransportLimits,
  type ServerCredentials,
  type TransportConnection,
  type TransportLimits,
  transportError,
} from '@rta/transport';
import { checkPort, packetBytesTo, resolveHost } from './address.ts';
import { certificateThumbprint } from './client-identity.ts';
import { ClientPaths } from './client-paths.ts';
import { ClientSockets, type ClientSocketsOptions } from './client-sockets.ts';
import { authorities, checkCredentials, clientConfig, DEFAULT_ALPN } from './config.ts';
import { type EarlyData, QuicConnection } from './connection.ts';
import { randomResetToken } from './connection-ids.ts';
import type { QuicEndpoint } from './endpoint.ts';
import { handshakeError, TLS_BAD_CERTIFICATE, unreachable } from './errors.ts';
import { QUIC_LIMITS, resolveTimes } from './limits.ts';
import { type Address, type NativeConfig, NativeConnection } from './native.ts';
import { newConnectionId } from './packet-routing.ts';
import type { QlogOpener } from './qlog.ts';
import { createServerIdentifier } from './server-identity.ts';
import { sealTicket, type TicketScope, useTicket } from './ticket.ts';

/** Where to connect, and whom to trust. */
export interface DialQuicOptions {
  /** A DNS name or an IP address. */
  readonly host: string;
  readonly port: number;
  /** The DNS name or IP address that the server's certificate must be valid for; default `host`. */
  readonly serverName?: string;
  /** Certificates of the authorities to trust, PEM; default those that Node.js trusts. */
  readonly ca?: string;
  /**
   * The certificate to show to a server that asks for one (mutual TLS), with its key; none by default. The server
   * judges it after the handshake is complete here: where it refuses it, the connection is closed by `transport`, with
   * a code from 0x100 on.
   */
  readonly credentials?: ServerCredentials;
  /** Application protocols, in order of preference; default `rta/1`. */
  readonly alpn?: readonly string[];
  /**
   * What `onTicket` gave on an earlier connection to the same server. Then the connection may be used at once, and
   * what is written before the handshake is complete goes as early data (0-RTT). Use each ticket once, or who watches
   * the network can tell that it is you again (RFC 8446 §C.4). One that is of no use is not an error.
   */
  readonly ticket?: Uint8Array;
  /** Gives up when it fires, and rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Gives up after this; default 10 seconds. */
  readonly connectTimeoutMs?: number;
  /** A connection over which nothing arrives for this long is dead; default 30 seconds. */
  readonly idleTimeoutMs?: number;
  /** Sends something when nothing arrived for this long; default 10 seconds, at most half of `idleTimeoutMs`. */
  readonly keepAliveMs?: number;
  /** Traces connections as qlog; `qlogFiles` writes files that the usual viewers read. */
  readonly qlog?: QlogOpener;
  /** Limits of the connection's streams; default `TRANSPORT_LIMITS`. */
  readonly limits?: Partial<TransportLimits>;
  /** Runs the timers; what quiche does with time follows the machine's clock in any case. */
  readonly clock?: Clock;
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

/**
 * Connects to a QUIC server (TLS 1.3) and verifies its certificate: chain, validity period, and name.
 *
 * @returns the connection, its handshake complete; with a ticket that is good for early data it comes at once, and
 *   `established` tells the rest.
 * @throws RtaError `RTA_TRANSPORT_CERTIFICATE` for a certificate that is not trusted or is not for `serverName`,
 *   `RTA_TRANSPORT_UNREACHABLE` where nobody answers in time or the server has no room,
 *   `RTA_TRANSPORT_HANDSHAKE` where the peers have no protocol in common,
 *   `RTA_TRANSPORT_CONFIG` for options that are not usable.
 */
export async function dialQuic(options: DialQuicOptions): Promise<QuicClientConnection> {
  const { signal, clock = systemClock, serverName = options.host } = options;
  const limits = resolveTransportLimits(options.limits);
  const times = resolveTimes(options);
  checkPort(options.port, 1);
  const { credentials } = options;
  const clientThumbprint =
    credentials === undefined ? undefined : certificateThumbprint(checkCredentials(credentials).raw);
  const scope: TicketScope = {
    serverName,
    ca: authorities(options.ca),
    alpn: options.alpn ?? DEFAULT_ALPN,
    clientCert: credentials?.cert,
  };
  const identify = createServerIdentifier(serverName);
  const config = clientConfig({
    ca: scope.ca,
    credentials,
    alpn: scope.alpn,
    limits,
    idleTimeoutMs: times.idleTimeoutMs,
    earlyData: options.ticket !== undefined,
  });
  signal?.throwIfAborted();
  const peer = await resolvePeer(options);
  config.setMaxSendUdpPayloadSize(packetBytesTo(peer));
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
  const { native, isResuming } = begin(id, {
    endpoint,
    peer,
    config,
    scope,
    identify,
    ticket: options.ticket,
    clock,
  });
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
        return { channelBinding: identify(native.peerCertChain()), clientThumbprint };
      } catch (error) {
        refuse(error);
        connection?.abandon(TLS_BAD_CERTIFICATE);
        return undefined;
      }
    },
    onOpen: () => usable.resolve(),
    onEstablished: () => established.resolve(),
    qlog: options.qlog,
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
  return clientConnection(opened, chosen, established.promise, scope);
}

/** What a program sees of a client's connection. */
function clientConnection(
  connection: QuicConnection,
  paths: ClientPaths,
  established: Promise<void>,
  scope: TicketScope,
): QuicClientConnection {
  return Object.assign(connection, {
    established,
    migrate: (options?: MigrateOptions) => paths.migrate(options),
    onTicket: (handler: (ticket: Uint8Array) => void) =>
      connection.onSession((session) => handler(sealTicket(session, scope))),
  });
}

/** The connection that is going to be, with the session of the ticket where it is good. */
function begin(
  id: Uint8Array,
  options: {
    readonly endpoint: QuicEndpoint;
    readonly peer: Address;
    readonly config: NativeConfig;
    readonly scope: TicketScope;
    readonly identify: (chain: readonly Uint8Array[] | null) => Uint8Array;
    readonly ticket: Uint8Array | undefined;
    readonly clock: Clock;
  },
): { native: NativeConnection; isResuming: boolean } {
  const { endpoint, peer, config, scope, identify, ticket, clock } = options;
  const name = isIP(scope.serverName) === 0 ? scope.serverName : null;
  const make = (): NativeConnection =>
    startHandshake(endpoint, () => NativeConnection.connect(name, id, endpoint.name, peer, config));
  if (ticket !== undefined) {
    const native = make();
    if (useTicket(native, { ticket, scope, identify, nowMs: clock.now() }))
      return { native, isResuming: true };
  }
  return { native: make(), isResuming: false };
}

async function resolvePeer(options: DialQuicOptions): Promise<Address> {
  const { host, port } = options;
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
