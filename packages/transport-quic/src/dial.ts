import { isIP } from 'node:net';
import { type Clock, systemClock } from '@rta/core';
import {
  resolveTransportLimits,
  type TransportConnection,
  type TransportLimits,
  transportError,
} from '@rta/transport';
import { anyAddress, checkPort, resolveHost } from './address.ts';
import { clientConfig } from './config.ts';
import { QuicConnection } from './connection.ts';
import { QuicEndpoint } from './endpoint.ts';
import { handshakeError, TLS_BAD_CERTIFICATE, unreachable } from './errors.ts';
import { QUIC_LIMITS, resolveTimes } from './limits.ts';
import { type Address, NativeConnection } from './native.ts';
import { newConnectionId } from './packet-routing.ts';
import { identifyServer } from './server-identity.ts';

/** Where to connect, and whom to trust. */
export interface DialQuicOptions {
  /** A DNS name or an IP address. */
  readonly host: string;
  readonly port: number;
  /** The DNS name or IP address that the server's certificate must be valid for; default `host`. */
  readonly serverName?: string;
  /** Certificates of the authorities to trust, PEM; default those that Node.js trusts. */
  readonly ca?: string;
  /** Application protocols, in order of preference; default `rta/1`. */
  readonly alpn?: readonly string[];
  /** Gives up when it fires, and rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Gives up after this; default 10 seconds. */
  readonly connectTimeoutMs?: number;
  /** A connection over which nothing arrives for this long is dead; default 30 seconds. */
  readonly idleTimeoutMs?: number;
  /** Sends something when nothing arrived for this long; default 10 seconds, at most half of `idleTimeoutMs`. */
  readonly keepAliveMs?: number;
  /** Limits of the connection's streams; default `TRANSPORT_LIMITS`. */
  readonly limits?: Partial<TransportLimits>;
  /** Runs the timers; what quiche does with time follows the machine's clock in any case. */
  readonly clock?: Clock;
}

/**
 * Connects to a QUIC server (TLS 1.3) and verifies its certificate: chain, validity period, and name.
 *
 * @returns the connection, its handshake complete.
 * @throws RtaError `RTA_TRANSPORT_CERTIFICATE` for a certificate that is not trusted or is not for `serverName`,
 *   `RTA_TRANSPORT_UNREACHABLE` where nobody answers in time or the server has no room,
 *   `RTA_TRANSPORT_HANDSHAKE` where the peers have no protocol in common,
 *   `RTA_TRANSPORT_CONFIG` for options that are not usable.
 */
export async function dialQuic(options: DialQuicOptions): Promise<TransportConnection> {
  const { signal, clock = systemClock, serverName = options.host } = options;
  const limits = resolveTransportLimits(options.limits);
  const times = resolveTimes(options);
  checkPort(options.port, 1);
  const config = clientConfig({
    ca: options.ca,
    alpn: options.alpn,
    limits,
    idleTimeoutMs: times.idleTimeoutMs,
  });
  signal?.throwIfAborted();
  const peer = await resolvePeer(options);
  signal?.throwIfAborted();

  const { promise, resolve, reject } = Promise.withResolvers<TransportConnection>();
  let connection: QuicConnection | undefined;
  const fail = (error: unknown): void => {
    reject(error);
    connection?.abandon(0);
  };
  const endpoint = await openEndpoint(peer, limits, {
    // A client's socket is connected to its server: whatever arrives is for the one connection.
    onUnrouted: (datagram, from) => connection?.receive(datagram, from),
    // Once the connection is open, an ICMP message, which anybody can forge, does not end it.
    onError: (cause) => fail(unreachable(peer, cause)),
  });
  const id = newConnectionId();
  const native = startHandshake(endpoint, () =>
    NativeConnection.connect(isIP(serverName) === 0 ? serverName : null, id, endpoint.address, peer, config),
  );
  connection = new QuicConnection({
    role: 'client',
    native,
    endpoint,
    peer,
    limits,
    clock,
    routes: [id],
    idleTimeoutMs: times.idleTimeoutMs,
    keepAliveMs: times.keepAliveMs,
    identify: (native) => {
      try {
        return identifyServer(native.peerCertChain(), serverName);
      } catch (error) {
        reject(error);
        connection?.abandon(TLS_BAD_CERTIFICATE);
        return undefined;
      }
    },
    onOpen: resolve,
    lingerMs: QUIC_LIMITS.clientLingerMs,
    onEnd: (_connection, info, lingering) => {
      reject(handshakeError(info, peer));
      endpoint.unref();
      void Promise.resolve(lingering?.ended).then(() => endpoint.close());
    },
  });

  const timer = clock.after(times.connectTimeoutMs, () => fail(unreachable(peer)));
  const onAbort = (): void => fail(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  connection.start();
  try {
    return await promise;
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

async function resolvePeer(options: DialQuicOptions): Promise<Address> {
  const { host, port } = options;
  try {
    return { host: await resolveHost(host), port };
  } catch (cause) {
    throw unreachable({ host, port }, cause);
  }
}

async function openEndpoint(
  peer: Address,
  limits: TransportLimits,
  events: { onUnrouted: (datagram: Buffer, from: Address) => void; onError: (error: Error) => void },
): Promise<QuicEndpoint> {
  try {
    return await QuicEndpoint.open({
      bind: { host: anyAddress(peer.host), port: 0 },
      peer,
      scratchBytes: limits.maxChunkBytes,
      ...events,
    });
  } catch (cause) {
    throw unreachable(peer, cause);
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
