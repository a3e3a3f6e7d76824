import os from 'node:os';

/** Codes of errors that say that a socket, or the address that it sends from, is of no use any more. */
const LOST_SOCKET_CODES = new Set([
  'EADDRNOTAVAIL',
  'EBADF',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'EINVAL',
  'ENETDOWN',
  'ENETUNREACH',
  'ENODEV',
  'ENOTCONN',
  'ERR_SOCKET_DGRAM_NOT_RUNNING',
]);

/**
 * Whether an error of a socket means that another one is needed. A peer's "port unreachable" (`ECONNREFUSED`), which
 * anybody can forge, is none of these; nor is a full buffer.
 */
export function isLostSocket(error: NodeJS.ErrnoException): boolean {
  return error.code !== undefined && LOST_SOCKET_CODES.has(error.code);
}

/** Whether an interface of this machine has the IP address. Not all that may be sent from are listed (127.0.0.2). */
export function isListedAddress(host: string): boolean {
  const wanted = withoutZone(host);
  return Object.values(os.networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => withoutZone(address) === wanted),
  );
}

function withoutZone(host: string): string {
  return host.split('%', 1)[0] ?? '';
}
