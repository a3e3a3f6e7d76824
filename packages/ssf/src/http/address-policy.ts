import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * IPv4 addresses that are not on the public Internet, or nobody's in particular.
 *
 * @see RFC 6890 and the IANA registry of special-purpose addresses
 */
const NOT_PUBLIC_IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private, RFC 1918
  ['100.64.0.0', 10], // shared by carriers, RFC 6598
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local; the metadata services of clouds
  ['172.16.0.0', 12], // private, RFC 1918
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays, RFC 7526
  ['192.168.0.0', 16], // private, RFC 1918
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
];

/** Within the global unicast range, networks that are not public or that carry IPv4 addresses within. */
const NOT_PUBLIC_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23], // protocol assignments; Teredo among them
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4
  ['3fff::', 20], // documentation
];

const notPublic = new BlockList();
for (const [network, prefix] of NOT_PUBLIC_IPV4) {
  notPublic.addSubnet(network, prefix, 'ipv4');
  // Behind NAT64 an IPv4 address is written into the last 32 bits (RFC 6052 §2.1).
  notPublic.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6');
}
for (const [network, prefix] of NOT_PUBLIC_IPV6) notPublic.addSubnet(network, prefix, 'ipv6');

/** What is public in IPv6: global unicast, and IPv4 behind NAT64. Everything else (fc00::/7, ::ffff:0:0/96, …) is not. */
const global = new BlockList();
global.addSubnet('2000::', 3, 'ipv6');
global.addSubnet('64:ff9b::', 96, 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Whether an address is on the public Internet. IPv4 addresses inside of IPv6 addresses are not, except public ones
 * behind NAT64; neither is what is no address.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !notPublic.check(address, 'ipv4');
  return isIPv6(address) && global.check(address, 'ipv6') && !notPublic.check(address, 'ipv6');
}

/** Which addresses a request may go to, by the name of the host that it is for. */
export interface AddressPolicy {
  /** @param hostname - as in a URL that was parsed: in lower case, an IPv6 address in brackets. */
  allows(hostname: string, address: string): boolean;
  /** Whether requests to this URL may be made, as far as that is known before its name is resolved. */
  allowsUrl(url: URL): boolean;
}

const LOOPBACK_NAME = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** Makes a policy of the options of a guarded fetch. */
export function createAddressPolicy(options: {
  readonly trustedHosts: readonly string[];
  readonly allowPrivateAddresses: boolean;
  readonly allowLoopbackHttp: boolean;
}): AddressPolicy {
  const { allowPrivateAddresses, allowLoopbackHttp } = options;
  const trusted = new Set(options.trustedHosts.map((host) => host.toLowerCase()));
  return {
    allows(hostname, address) {
      const mayBePrivate = allowPrivateAddresses || trusted.has(hostname);
      if (!LOOPBACK_NAME.test(hostname)) return mayBePrivate || isPublicAddress(address);
      // A name of this machine that leads elsewhere would carry plain http over a network.
      const isLoopback = loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
      return isLoopback && (mayBePrivate || allowLoopbackHttp);
    },
    allowsUrl(url) {
      if (url.username !== '' || url.password !== '') return false;
      if (url.protocol === 'https:') return true;
      return url.protocol === 'http:' && allowLoopbackHttp && LOOPBACK_NAME.test(url.hostname);
    },
  };
}
