import { isIPv6 } from 'node:net';
import { notUsable } from './errors.ts';

/**
 * Checks a TCP port.
 *
 * @param lowest 1, or 0 where it means "any that is free".
 * @throws RtaError `RTA_TRANSPORT_CONFIG`.
 */
export function checkPort(port: number, lowest: 0 | 1): void {
  if (!Number.isInteger(port) || port < lowest || port > 65_535) throw notUsable('port', 'is not a TCP port');
}

/**
 * Checks the path of the endpoint.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` where it is not one that a request line can hold as it is.
 */
export function checkPath(path: string): void {
  if (!/^\/[\w\-.~!$&'()*+,;=:@%/]*$/.test(path)) throw notUsable('path', 'is not an absolute path of a URL');
}

/** `127.0.0.1:4433` or `[::1]:4433`. */
export function formatAddress(host: string, port: number): string {
  return `${formatHost(host)}:${port}`;
}

/** A host as it stands in a URL. */
export function formatHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}
