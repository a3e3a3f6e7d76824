import type { TransportConnection } from '@rta/transport';
import { dialQuic } from '@rta/transport-quic';
import { sdkError } from './errors.ts';
import { createRtaClient, type RtaClient } from './rta-client.ts';

/** How to reach a server. */
export interface ConnectOptions {
  /** Certificates to trust, PEM; those that Node.js trusts by default. */
  readonly ca?: string;
  /** The name that the server's certificate must be for; the host by default. */
  readonly serverName?: string;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
  /** Opens the connection in another way than by QUIC. */
  readonly dial?: (endpoint: {
    readonly host: string;
    readonly port: number;
  }) => Promise<TransportConnection>;
}

/**
 * Connects to a server's agent endpoint.
 *
 * @param endpoint - `host:port`; an IPv6 address stands in brackets.
 * @throws RtaError `RTA_SDK_ENDPOINT`; `RTA_TRANSPORT_UNREACHABLE`, `RTA_TRANSPORT_CERTIFICATE`,
 *   `RTA_TRANSPORT_HANDSHAKE`
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
  const { host, port } = parseEndpoint(endpoint);
  const { ca, serverName, signal } = options;
  const dial =
    options.dial ??
    (() =>
      dialQuic({
        host,
        port,
        ...(ca === undefined ? {} : { ca }),
        ...(serverName === undefined ? {} : { serverName }),
        ...(signal === undefined ? {} : { signal }),
      }));
  const connection = await dial({ host, port });
  try {
    return await createRtaClient(connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function parseEndpoint(endpoint: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:/[\]\s]+)):(\d{1,5})$/.exec(endpoint);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) throw sdkError('RTA_SDK_ENDPOINT');
  return { host, port };
}
