import { isIPv4 } from 'node:net';

const IPV4_IN_IPV6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUP_COUNT = 8;

/**
 * What one subscriber has: an IPv4 address, or the 64 bits of an IPv6 address that name its link. Below them a host
 * chooses as it likes, so that counting single IPv6 addresses would count nothing (RFC 4291 §2.5.1, RFC 8981).
 *
 * @param host an IP address as the operating system writes it.
 */
export function sourceAddress(host: string): string {
  return ipv4Of(host) ?? hexGroups(host, 4);
}

/**
 * What one site has, and what an attacker without accomplices sends from: the 24 bits of an IPv4 address that are
 * routed on their own, or the 56 bits of an IPv6 address that a home or an office is given (RFC 6177).
 *
 * @param host an IP address as the operating system writes it.
 */
export function sourceNetwork(host: string): string {
  const ipv4 = ipv4Of(host);
  return ipv4 === undefined ? hexGroups(host, 4).slice(0, -2) : ipv4.slice(0, ipv4.lastIndexOf('.'));
}

/** A socket for both families shows IPv4 clients by their mapped addresses (RFC 4291 §2.5.5.2). */
function ipv4Of(host: string): string | undefined {
  return isIPv4(host) ? host : IPV4_IN_IPV6.exec(host)?.[1];
}

/** The first groups of an IPv6 address, four hexadecimal digits each. */
function hexGroups(host: string, count: number): string {
  const [head = '', tail] = host.split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const rest = tail === '' ? [] : tail.split(':');
    // An address that ends like an IPv4 address has two groups there.
    const written = groups.length + rest.length + (tail.includes('.') ? 1 : 0);
    groups.push(...Array.from({ length: GROUP_COUNT - written }, () => '0'), ...rest);
  }
  return groups
    .slice(0, count)
    .map((group) => group.padStart(4, '0'))
    .join(':');
}
