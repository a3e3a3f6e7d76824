import { type Clock, systemClock } from '@rta/core';
import type { TransportConnection } from '@rta/transport';
import { createDialer, type DialOptions, type TransportName } from './dialer.ts';
import { type Endpoint, parseEndpoint } from './endpoint.ts';
import { checkTransports, preferQuic, reach } from './reach.ts';
import { type RtaClient, type StartedClient, startClient } from './rta-client.ts';

/** How to reach a server. */
export interface ConnectOptions extends DialOptions {
  /**
   * What to try, in the order of preference; QUIC, then WebSocket by default. The next one is tried as well when the
   * one before has not connected within `SDK_LIMITS.quicHeadStartMs`, and the first that connects is used. A client that
   * fell back from QUIC goes over to it when it can.
   */
  readonly transports?: readonly TransportName[];
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
  /** Opens the connection in another way; then `transports` and what goes with them is of no effect. */
  readonly dial?: (endpoint: Endpoint) => Promise<TransportConnection>;
  /** Says what time it is, and runs the timers of the client; those of its transports run by themselves. */
  readonly clock?: Clock;
}

/**
 * Connects to a server's agent endpoint.
 *
 * @param endpoint - `host:port`, of UDP and TCP alike; an IPv6 address stands in brackets.
 * @throws RtaError `RTA_SDK_ENDPOINT`; `RTA_TRANSPORT_CERTIFICATE`, after which nothing else is tried;
 *   `RTA_SDK_UNREACHABLE` where all transports failed; with one transport, its own `RTA_TRANSPORT_UNREACHABLE`,
 *   `RTA_TRANSPORT_HANDSHAKE` or `RTA_SDK_QUIC_UNAVAILABLE`.
 * @example
 * ```ts
 * await using client = await connect('rta.example.com:4433');
 * await using session = await client.exchange({ subjectToken, agent: { id: 'researcher' } });
 * const text = await session.guard(
 *   { action: 'files.read', resource: { type: 'File', id: 'report.txt' } },
 *   (signal) => readFile('report.txt', { encoding: 'utf8', signal }),
 * );
 * ```
 */
export async function connect(endpoint: string, options: ConnectOptions = {}): Promise<RtaClient> {
  const address = parseEndpoint(endpoint);
  const transports = checkTransports(options.transports);
  const { clock = systemClock, signal } = options;
  if (options.dial !== undefined) return greeted(startClient(await options.dial(address), clock));

  const dialer = createDialer(address, options);
  const { winner, wantsQuic } = await reach({
    transports,
    start: async (kind, stop) => ({ connection: await dialer[kind](stop) }),
    clock,
    signal,
  });
  const started = startClient(winner.connection, clock);
  const client = await greeted(started);
  preferQuic({ wantsQuic, core: started.core, dialer, clock });
  return client;
}

async function greeted({ core, client }: StartedClient): Promise<RtaClient> {
  try {
    await core.ready;
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}
