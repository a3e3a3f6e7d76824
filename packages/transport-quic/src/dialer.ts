import { type Clock, systemClock } from '@rta/core';
import { resolveTransportLimits, type ServerCredentials, type TransportLimits } from '@rta/transport';
import { checkPort } from './address.ts';
import { certificateThumbprint } from './client-identity.ts';
import { authorities, checkCredentials, clientConfig, DEFAULT_ALPN } from './config.ts';
import { type DialOptions, dial, type QuicClientConnection } from './dial.ts';
import { resolveTimes } from './limits.ts';
import type { QlogOpener } from './qlog.ts';
import { createServerIdentifier } from './server-identity.ts';
import { createTicketSeal } from './ticket.ts';

/** Where to connect, and whom to trust. */
export interface QuicDialerOptions {
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

/** Where to connect, whom to trust, and what is for one connection alone. */
export interface DialQuicOptions extends QuicDialerOptions, DialOptions {}

/** Connects to one server as often as asked. */
export interface QuicDialer {
  /**
   * Connects, and verifies the server's certificate: chain, validity period, and name.
   *
   * @returns the connection, its handshake complete; with a ticket that is good for early data it comes at once, and
   *   `established` tells the rest.
   * @throws RtaError `RTA_TRANSPORT_CERTIFICATE` for a certificate that is not trusted or is not for `serverName`,
   *   `RTA_TRANSPORT_UNREACHABLE` where nobody answers in time or the server has no room,
   *   `RTA_TRANSPORT_HANDSHAKE` where the peers have no protocol in common.
   */
  dial(options?: DialOptions): Promise<QuicClientConnection>;
}

/**
 * Makes a dialer for a QUIC server (TLS 1.3). It reads the authorities and the client's certificate now, once for all
 * its connections: those that Node.js trusts take 20 ms. It holds no socket, and needs no end.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for options that are not usable.
 */
export function createQuicDialer(options: QuicDialerOptions): QuicDialer {
  const { host, port, serverName = host, alpn = DEFAULT_ALPN, credentials } = options;
  const { clock = systemClock, qlog } = options;
  const limits = resolveTransportLimits(options.limits);
  const times = resolveTimes(options);
  checkPort(port, 1);
  const clientThumbprint =
    credentials === undefined ? undefined : certificateThumbprint(checkCredentials(credentials).raw);
  const ca = authorities(options.ca);
  const server = {
    host,
    port,
    serverName,
    config: clientConfig({ ca, credentials, alpn, limits, idleTimeoutMs: times.idleTimeoutMs }),
    tickets: createTicketSeal({ serverName, ca, alpn, clientCert: credentials?.cert }),
    identify: createServerIdentifier(serverName),
    clientThumbprint,
    limits,
    times,
    qlog,
    clock,
  };
  return { dial: (dialOptions = {}) => dial(server, dialOptions) };
}

/**
 * Connects to a QUIC server once; see {@link QuicDialer.dial}. Who connects again and again keeps a dialer.
 *
 * @throws RtaError as {@link createQuicDialer} and {@link QuicDialer.dial}.
 */
export async function dialQuic({
  ticket,
  signal,
  ...options
}: DialQuicOptions): Promise<QuicClientConnection> {
  return createQuicDialer(options).dial({ ticket, signal });
}
