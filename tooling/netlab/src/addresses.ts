/**
 * The networks of a laboratory: those that are reserved for documentation (RFC 5737), so that an address in a log
 * says where it comes from. Namespaces are apart: every laboratory has the same.
 */
const CLIENT_NETWORK = '192.0.2';
const SERVER_NETWORK = '198.51.100';
const NAT_NETWORK = '203.0.113';

/** The n-th address of the client side, counted from 1. */
export function clientAddress(n: number): string {
  return `${CLIENT_NETWORK}.${n}`;
}

/** The address of the server side. */
export const SERVER_ADDRESS = `${SERVER_NETWORK}.1`;

/** The n-th outside address of the address translation, counted from 1; after the last comes the first. */
export function natAddress(n: number): string {
  return `${NAT_NETWORK}.${((n - 1) % 254) + 1}`;
}
