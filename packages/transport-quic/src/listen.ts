import { randomBytes } from 'node:crypto';
import { type Clock, systemClock, type Timer } from '@rta/core';
import {
  type ConnectionHandler,
  checkCode,
  resolveTransportLimits,
  surfaceHandlerError,
  type TransportLimits,
  type TransportListener,
  transportError,
} from '@rta/transport';
import { checkPort, formatAddress, resolveHost } from './address.ts';
import { checkServerCertificate, serverConfig } from './config.ts';
import { QuicConnection } from './connection.ts';
import { quicDiagnostics } from './diagnostics.ts';
import { QuicEndpoint } from './endpoint.ts';
import { CONNECTION_REFUSED } from './errors.ts';
import { positiveInteger, QUIC_LIMITS, resolveTimes } from './limits.ts';
import type { LingeringClose } from './lingering-close.ts';
import { type Address, NativeConnection } from './native.ts';
import { type LongHeader, newConnectionId, readFirstDatagram, versionNegotiation } from './packet-routing.ts';
import type { QlogOpener } from './qlog.ts';
import { connectionRefusal } from './refusal.ts';
import { certificateBinding } from './server-identity.ts';
import { createTicketKeys } from './ticket-keys.ts';

const SECRET_BYTES = 32;

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
  /** Application protocols, in order of preference; default `rta/1`. */
  readonly alpn?: readonly string[];
  /** Given each connection when its handshake is complete. */
  readonly onConnection: ConnectionHandler;
  /** Connections held at once, handshakes included; default 10 000. Clients beyond it are refused. */
  readonly maxConnectionCount?: number;
  /** Handshakes in progress at once; default 1000. Clients beyond it are not answered, and try again. */
  readonly maxHandshakeCount?: number;
  /**
   * Lets clients that were here before send early data (0-RTT): they are given to `onConnection` before their
   * handshake is complete. What they send then may be a replay (`isEarly`), and the program has to refuse what must
   * not happen twice. Default false.
   */
  readonly earlyData?: boolean;
  /**
   * 32 random bytes, from which the keys of session tickets are made. Listeners that share it resume each other's
   * clients; drawn anew by default.
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

/**
 * Listens for QUIC connections (TLS 1.3) on a UDP port.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for a certificate, key or limit that is not usable, and
 *   where the address cannot be bound (the cause says why).
 */
export async function listenQuic(options: ListenQuicOptions): Promise<TransportListener> {
  const clock = options.clock ?? systemClock;
  const limits = resolveTransportLimits(options.limits);
  const maxConnectionCount = positiveInteger('maxConnectionCount', options.maxConnectionCount);
  const maxHandshakeCount = positiveInteger('maxHandshakeCount', options.maxHandshakeCount);
  const channelBinding = certificateBinding(checkServerCertificate(options.cert, options.key).raw);
  const { idleTimeoutMs } = resolveTimes(options);
  checkPort(options.port, 0);
  const config = serverConfig({
    cert: options.cert,
    key: options.key,
    alpn: options.alpn,
    limits,
    idleTimeoutMs,
    earlyData: options.earlyData ?? false,
  });
  const ticketKeys = createTicketKeys(checkSecret(options.secret), channelBinding);

  /** Handshakes in progress, and the timer that ends each. */
  const handshakes = new Map<QuicConnection, Timer>();
  /** Connections that the program has: with early data, while their handshake goes on. */
  const open = new Set<QuicConnection>();
  /** All that cost something. */
  const held = new Set<QuicConnection>();
  /** Closed connections whose clients may not have heard, the oldest first. */
  const lingering = new Set<LingeringClose>();
  let isAccepting = true;

  const endpoint = await openEndpoint(options, limits, (datagram, from) => {
    const first = readFirstDatagram(datagram);
    if (first === undefined || !isAccepting) return;
    if (first.kind === 'unknown-version') {
      endpoint.sender.sendPacket(versionNegotiation(first.header), from);
      return;
    }
    const remoteAddress = formatAddress(from);
    if (held.size >= maxConnectionCount) {
      endpoint.sender.sendPacket(connectionRefusal(first.header, CONNECTION_REFUSED), from);
      quicDiagnostics.publish({ fact: 'refused', remoteAddress, because: 'connections' });
    } else if (handshakes.size >= maxHandshakeCount) {
      quicDiagnostics.publish({ fact: 'refused', remoteAddress, because: 'handshakes' });
    } else {
      accept(first.header, from).receive(datagram, from);
    }
  });

  function accept(header: LongHeader, peer: Address): QuicConnection {
    const id = newConnectionId();
    const ticketKey = ticketKeys.next(clock.now());
    if (ticketKey !== undefined) config.setTicketKey(ticketKey);
    const connection = new QuicConnection({
      role: 'server',
      native: NativeConnection.accept(id, null, endpoint.address, peer, config),
      endpoint,
      peer,
      limits,
      clock,
      // The client goes on to use the id that it made up until it has heard of the server's.
      routes: [id, Uint8Array.from(header.dcid)],
      idleTimeoutMs,
      keepAliveMs: 0,
      allowsEarlyData: options.earlyData ?? false,
      identify: () => channelBinding,
      onEstablished: (established) => {
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
        handshakes.get(ended)?.cancel();
        handshakes.delete(ended);
        held.delete(ended);
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
    held.add(connection);
    handshakes.set(
      connection,
      clock.after(QUIC_LIMITS.handshakeTimeoutMs, () => connection.abandon(0)),
    );
    return connection;
  }

  function linger(close: LingeringClose): void {
    lingering.add(close);
    void close.ended.then(() => lingering.delete(close));
    const [oldest] = lingering;
    if (lingering.size > maxConnectionCount) oldest?.end();
  }

  async function closeAll(code: number, reason: string): Promise<void> {
    isAccepting = false;
    for (const connection of handshakes.keys()) connection.abandon(CONNECTION_REFUSED);
    await Promise.all([...open].map((connection) => connection.close(code, reason)));
    for (const close of lingering) close.end();
    await endpoint.close();
  }

  let closed: Promise<void> | undefined;
  const listener: TransportListener = {
    kind: 'quic',
    address: endpoint.address,
    get openConnections() {
      return open.size;
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

/** @throws RtaError `RTA_TRANSPORT_CONFIG`. */
function checkSecret(secret: Uint8Array = randomBytes(SECRET_BYTES)): Uint8Array {
  if (secret.byteLength === SECRET_BYTES) return secret;
  throw transportError('RTA_TRANSPORT_CONFIG', `secret is not ${SECRET_BYTES} bytes`, {
    details: { option: 'secret', bytes: secret.byteLength },
  });
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
