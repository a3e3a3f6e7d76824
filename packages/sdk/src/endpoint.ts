import { sdkError } from './errors.ts';

/** Where a server's agent endpoint is, for UDP and TCP alike. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `host:port`; an IPv6 address stands in brackets.
 *
 * @throws RtaError `RTA_SDK_ENDPOINT`
 */
export function parseEndpoint(endpoint: string): Endpoint {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:/[\]\s]+)):(\d{1,5})$/.exec(endpoint);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) throw sdkError('RTA_SDK_ENDPOINT');
  return { host, port };
}
