import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { transportError } from '@rta/transport';
import { QUIC_LIMITS } from './limits.ts';
import type { Address } from './native.ts';

/** The IP address of a host: itself, or the first that the system's resolver gives. Rejects as the resolver does. */
export async function resolveHost(host: string): Promise<string> {
  return isIP(host) === 0 ? (await lookup(host)).address : host;
}

/**
 * Checks a UDP port: the socket API takes others too, and uses what is left of them after 16 bits.
 *
 * @param lowest 1, or 0 where it means "any that is free".
 * @throws RtaError `RTA_TRANSPORT_CONFIG`.
 */
export function checkPort(port: number, lowest: 0 | 1): void {
  if (Number.isInteger(port) && port >= lowest && port <= 65_535) return;
  throw transportError('RTA_TRANSPORT_CONFIG', 'port is not a UDP port', {
    details: { option: 'port', port },
  });
}

/** The address to bind for any local address of the same family. */
export function anyAddress(peer: string): string {
  return isIPv6(peer) ? '::' : '0.0.0.0';
}

/** Whether two addresses, as quiche or the operating system write them, are the same. */
export function isSameAddress(one: Address, other: Address): boolean {
  return one.port === other.port && one.host === other.host;
}

/** `127.0.0.1:4433` or `[::1]:4433`. */
export function formatAddress(address: Address): string {
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addSubnet('::ffff:127.0.0.0', 104, 'ipv6');
LOOPBACK.addAddress('::1', 'ipv6');

/** Largest packet to send to an address. */
export function packetBytesTo({ host }: Address): number {
  const isLoopback = LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
  return isLoopback ? QUIC_LIMITS.loopbackPacketBytes : QUIC_LIMITS.packetBytes;
}
