import { type Clock, systemClock, type Timer } from '@rta/core';
import {
  type ClientAuthentication,
  type ConnectionHandler,
  checkCode,
  resolveTransportLimits,
  type SecureTransportListener,
  type ServerCredentials,
  surfaceHandlerError,
  type TransportLimits,
  transportError,
} from '@rta/transport';
import { checkPort, formatAddress, packetBytesTo, resolveHost } from './address.ts';
import { createAdmission, type RetryPolicy, resolveAdmissionLimits } from './admission.ts';
import { identifyClient } from './client-identity.ts';
import { checkAuthorities, checkCredentials, serverConfig } from './config.ts';
import { QuicConnection } from './connection.ts';
import { quicDiagnostics } from './diagnostics.ts';
import { QuicEndpoint } from './endpoint.ts';
import { CONNECTION_REFUSED, isTlsAlert } from './errors.ts';
import { QUIC_LIMITS, resolveTimes } from './limits.ts';
import type { LingeringClose } from './lingering-close.ts';
import { deriveKey, listenerSecret } from './listener-secret.ts';
import { type Address, type NativeConfig, NativeConnection, nativeResetToken } from './native.ts';
import { type LongHeader, newConnectionId } from './packet-routing.ts';
import { PeerPaths } from './peer-paths.ts';
import type { QlogOpener } from './qlog.ts';
import { connectionRefusal } from './refusal.ts';
import { createRetryTokens } from './retry-token.ts';
import { certificateBinding } from './server-identity.ts';
import { createStatelessResetTokens } from './stateless-reset.ts';
import { createTicketKeys, type TicketKeys } from './ticket-keys.ts';
import { type AcceptedInitial, createUnroutedDatagrams } from './unrouted-datagrams.ts';

/** Where to listen, and as whom. */
export interface ListenQuicOptions {
  /** A DNS name or an IP address of this machine; `0.0.0.0` or `::` for all. */
  readonly host: string;
  /** A UDP port; 0 for any that is free. */
  readonly port: number;
  /** The server's certificate and those between it and the authority, PEM. */
  readonly cert: string;
  /** The certificate's private key, PEM. */
  readonly key: string;
  /**
   * Application protocols that are served; default `rta/1`. Where a client offers several, its order counts.
   * `protocol` of a connection says which it is.
   */
  readonly alpn?: readonly string[];
  /** Given each connection when its handshake is complete. */
  readonly onConnection: ConnectionHandler;
  /**
   * Asks clients for a certificate (mutual TLS). What they show is verified: chain, validity, and that it was issued
   * for clients. Who shows one that is not trusted is turned away; who shows none is too where `required`.
   */
  readonly clientAuthentication?: ClientAuthentication;
  /** Connections held at once, handshakes included; default 10 000. Clients beyond it are refused. */
  readonly maxConnectionCount?: number;
  /**
   * Connections from one IPv4 address or one IPv6 /64, handshakes included; default 2500. Clients beyond it are
   * refused. Raise it where many agents come through one NAT, or through a proxy that hides their addresses.
   */
  readonly maxAddressConnectionCount?: number;
  /** Handshakes in progress at once; default 1000. Clients beyond it are not answered, and try again. */
  readonly maxHandshakeCount?: number;
  /** Handshakes in progress from one IPv4 /24 or one IPv6 /56; default 250. Beyond it as for `maxHandshakeCount`. */
  readonly maxNetworkHandshakeCount?: number;
  /**
   * When clients have to prove, by a Retry (RFC 9000 §8.1.2), that they receive what is sent to their address. It
   * costs them a round trip, and takes from an attacker the means to fill the listener with forged addresses. Default
   * `under-load`: above `retryAboveHandshakeCount`, a quarter of `maxNetworkHandshakeCount`, or 1000 new connections a
   * second.
   */
  readonly retry?: RetryPolicy;
  /** Handshakes in progress above which a Retry is asked for; default 250, or a quarter of `maxHandshakeCount`. */
  readonly retryAboveHandshakeCount?: number;
  /**
   * Lets clients that were here before send early data (0-RTT): they are given to `onConnection` before their
   * handshake is complete. What they send then may be a replay (`isEarly`), and the program has to refuse what must
   * not happen twice. Default false.
   */
  readonly earlyData?: boolean;
  /**
   * 32 random bytes, from which the keys of session tickets, Retry tokens and stateless resets are made; drawn anew by
   * default. Listeners that share it resume each other's clients. One that is started again with it tells clients at
   * once that it has forgotten their connections; so does, of connections of another node, one that is made to receive
   * a copy of their packets (RFC 9000 §21.11).
   */
  readonly secret?: Uint8Array;
  /** A connection over which nothing arrives for this long is dead; default 30 seconds. */
  readonly idleTimeoutMs?: number;
  /** Traces connections as qlog; `qlogFiles` writes files that the usual viewers read. */
  readonly qlog?: QlogOpener;
  /** Limits of each connection's streams; default `TRANSPORT_LIMITS`. */
  readonly limits?: Partial<TransportLimits>;
  /** Runs the timers; what quiche does with time follows the machine's clock in any case. */
  readonly clock?: Clock;
}

/** As whom new connections are accepted. */
interface Identity {
  readonly config: NativeConfig;
  readonly channelBinding: Uint8Array;
  readonly ticketKeys: TicketKeys;
}

/**
 * Listens for QUIC connections (TLS 1.3) on a UDP port.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for a certificate, key or limit that is not usable, and
 *   where the address cannot be bound (the cause says why).
 */
export async function listenQuic(options: ListenQuicOptions): Promise<SecureTransportListener> {
  const { clock = systemClock, clientAuthentication, earlyData = false } = options;
  const limits = resolveTransportLimits(options.limits);
  const admissionLimits = resolveAdmissionLimits(options);
  const { idleTimeoutMs } = resolveTimes(options);
  const secret = listenerSecret(options.secret);
  checkPort(options.port, 0);
  if (clientAuthentication !== undefined) checkAuthorities(clientAuthentication.ca);

  const identityOf = (credentials: ServerCredentials): Identity => {
    const channelBinding = certificateBinding(checkCredentials(credentials).raw);
    return {
      config: serverConfig({
        credentials,
        clientAuthentication,
        alpn: options.alpn,
        limits,
        idleTimeoutMs,
        earlyData,
      }),
      channelBinding,
      ticketKeys: createTicketKeys(secret, channelBinding, clientAuthentication),
    };
  };
  let identity = identityOf(options);

  const retryTokens = createRetryTokens(deriveKey(secret, 'retry token'));
  const resetTokenOf = createStatelessResetTokens(deriveKey(secret, 'stateless reset'));
  const admission = createAdmission({
    limits: admissionLimits,
    retry: options.retry ?? 'under-load',
    tokens: retryTokens,
    clock,
  });
  /** Handshakes in progress, and the timer that ends each. */
  const handshakes = new Map<QuicConnection, Timer>();
  /** Connections that the program has: with early data, while their handshake goes on. */
  const open = new Set<QuicConnection>();
  /** Closed connections whose clients may not have heard, the oldest first. */
  const lingering = new Set<LingeringClose>();
  let isAccepting = true;

  const onUnrouted = createUnroutedDatagrams({
    admission,
    retryTokens,
    resetTokenOf,
    clock,
    send: (packet, to) => endpoint.sender.sendPacket(packet, to),
    accept: (first, datagram, from) => {
      const connection = accept(first, from);
      connection.receive(datagram, from, endpoint.name);
      if (!handshakes.has(connection)) tellWhy(connection, first.header, from);
    },
  });
  const endpoint = await openEndpoint(options, limits, (datagram, from) => {
    if (isAccepting) onUnrouted(datagram, from);
  });

  function accept({ header, originalId }: AcceptedInitial, peer: Address): QuicConnection {
    const { config, channelBinding, ticketKeys } = identity;
    // After a Retry the client uses the id that it was given. Before, it goes on to use the one that it made up until
    // it has heard of the server's.
    const id = originalId === undefined ? newConnectionId() : Uint8Array.from(header.dcid);
    const routes = originalId === undefined ? [id, Uint8Array.from(header.dcid)] : [id];
    const ticketKey = ticketKeys.next(clock.now());
    if (ticketKey !== undefined) config.setTicketKey(ticketKey);
    // quiche copies its configuration when it accepts.
    config.setMaxSendUdpPayloadSize(packetBytesTo(peer));
    config.setStatelessResetToken(nativeResetToken(resetTokenOf(id)));
    const native = NativeConnection.accept(id, originalId, endpoint.name, peer, config);
    const place = admission.enter(peer);
    const connection: QuicConnection = new QuicConnection({
      role: 'server',
      native,
      endpoint,
      paths: new PeerPaths({
        native,
        endpoint,
        peer,
        clock,
        onMoved: (from, to) => {
          quicDiagnostics.publish({
            fact: 'migrated',
            connectionId: connection.id,
            remoteAddress: formatAddress(to),
            previousAddress: formatAddress(from),
          });
        },
      }),
      router: endpoint,
      limits,
      clock,
      routes,
      resetToken: resetTokenOf,
      idleTimeoutMs,
      keepAliveMs: 0,
      allowsEarlyData: earlyData,
      identify: () => {
        if (clientAuthentication === undefined) return { channelBinding, clientThumbprint: undefined };
        const client = identifyClient(native, clientAuthentication.required === true, clock.now());
        if ('thumbprint' in client) return { channelBinding, clientThumbprint: client.thumbprint };
        connection.abandon(client.refusal);
        return undefined;
      },
      onEstablished: (established) => {
        place.established();
        handshakes.get(established)?.cancel();
        handshakes.delete(established);
      },
      onOpen: (opened) => {
        open.add(opened);
        quicDiagnostics.publish({
          fact: 'opened',
          connectionId: opened.id,
          remoteAddress: opened.remoteAddress,
        });
        try {
          options.onConnection(opened);
        } catch (error) {
          surfaceHandlerError(error);
        }
      },
      qlog: options.qlog,
      lingerMs: QUIC_LIMITS.serverLingerMs,
      onEnd: (ended, { by, code }, close) => {
        place.release();
        handshakes.get(ended)?.cancel();
        handshakes.delete(ended);
        const wasOpen = open.delete(ended);
        if (close !== undefined) linger(close);
        quicDiagnostics.publish({
          fact: wasOpen ? 'closed' : 'handshake-failed',
          connectionId: ended.id,
          remoteAddress: ended.remoteAddress,
          by,
          code,
        });
      },
    });
    handshakes.set(
      connection,
      clock.after(QUIC_LIMITS.handshakeTimeoutMs, () => connection.abandon(0)),
    );
    return connection;
  }

  /** quiche tells nobody of a first packet that it could read, and whose wish cannot be granted: another protocol. */
  function tellWhy(connection: QuicConnection, header: LongHeader, peer: Address): void {
    void connection.closed.then(({ code }) => {
      if (isTlsAlert(code)) endpoint.sender.sendPacket(connectionRefusal(header, code), peer);
    });
  }

  function linger(close: LingeringClose): void {
    lingering.add(close);
    void close.ended.then(() => lingering.delete(close));
    const [oldest] = lingering;
    if (lingering.size > admissionLimits.maxConnectionCount) oldest?.end();
  }

  async function closeAll(code: number, reason: string): Promise<void> {
    isAccepting = false;
    for (const connection of handshakes.keys()) connection.abandon(CONNECTION_REFUSED);
    await Promise.all([...open].map((connection) => connection.close(code, reason)));
    for (const close of lingering) close.end();
    await endpoint.close();
  }

  let closed: Promise<void> | undefined;
  const listener: SecureTransportListener = {
    kind: 'quic',
    address: endpoint.address,
    get openConnections() {
      return open.size;
    },
    reload: (credentials) => {
      identity = identityOf(credentials);
    },
    close: (code = 0, reason = '') => {
      checkCode(code);
      closed ??= closeAll(code, reason);
      return closed;
    },
    [Symbol.asyncDispose]: () => listener.close(),
  };
  return listener;
}

async function openEndpoint(
  options: ListenQuicOptions,
  limits: TransportLimits,
  onUnrouted: (datagram: Buffer, from: Address) => void,
): Promise<QuicEndpoint> {
  const { host, port } = options;
  try {
    return await QuicEndpoint.open({
      bind: { host: await resolveHost(host), port },
      scratchBytes: limits.maxChunkBytes,
      onUnrouted,
      // What a peer's host says of single datagrams (ICMP) is nothing that a server acts on.
      onError: () => {},
    });
  } catch (cause) {
    throw transportError('RTA_TRANSPORT_CONFIG', 'the address cannot be bound', {
      details: { host, port },
      cause,
    });
  }
}
