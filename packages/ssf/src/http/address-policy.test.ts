import { describe, expect, test } from 'vitest';
import { createAddressPolicy, isPublicAddress } from './address-policy.ts';

describe('a public address', () => {
  test.each(['8.8.8.8', '100.63.255.255', '172.32.0.1', '223.255.255.255', '2606:4700::1111', '2a00::1'])(
    'is %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test('is a public IPv4 address behind NAT64', () => {
    expect(isPublicAddress('64:ff9b::808:808')).toBe(true);
  });

  test.each([
    ['this network', '0.0.0.0'],
    ['loopback', '127.0.0.1'],
    ['loopback beyond the first', '127.255.255.254'],
    ['RFC 1918', '10.1.2.3'],
    ['RFC 1918', '172.31.255.255'],
    ['RFC 1918', '192.168.0.1'],
    ['a carrier', '100.64.0.1'],
    ['link-local, the metadata of clouds', '169.254.169.254'],
    ['documentation', '203.0.113.7'],
    ['benchmarks', '198.19.0.1'],
    ['multicast', '224.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['the unspecified address', '::'],
    ['loopback', '::1'],
    ['unique local', 'fd00::1'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%eth0'],
    ['multicast', 'ff02::1'],
    ['documentation', '2001:db8::1'],
    ['documentation', '3fff::1'],
    ['Teredo', '2001:0:1::1'],
    ['6to4 around a private address', '2002:a00:1::'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'],
    ['IPv4-mapped, though public', '::ffff:8.8.8.8'],
    ['IPv4-compatible', '::7f00:1'],
    ['NAT64 around loopback', '64:ff9b::7f00:1'],
    ['NAT64 around a private address', '64:ff9b::a00:1'],
    ['NAT64 around the metadata of clouds', '64:ff9b::169.254.169.254'],
    ['NAT64 of a local network', '64:ff9b:1::808:808'],
    ['no address', 'localhost'],
    ['nothing', ''],
  ])('is not %s (%s)', (_, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('a policy', () => {
  const strict = { trustedHosts: [], allowPrivateAddresses: false, allowLoopbackHttp: false };

  test('lets a host that the operator named be private, and no other', () => {
    const policy = createAddressPolicy({ ...strict, trustedHosts: ['IdP.internal'] });
    expect(policy.allows('idp.internal', '10.0.0.1')).toBe(true);
    expect(policy.allows('idp.internal.example', '10.0.0.1')).toBe(false);
    expect(policy.allows('other.internal', '10.0.0.1')).toBe(false);
  });

  test('lets a name of this machine lead to this machine only', () => {
    const policy = createAddressPolicy({ ...strict, allowPrivateAddresses: true, allowLoopbackHttp: true });
    expect(policy.allows('localhost', '127.0.0.1')).toBe(true);
    expect(policy.allows('localhost', '::1')).toBe(true);
    expect(policy.allows('localhost', '10.0.0.1')).toBe(false);
    expect(policy.allows('localhost', '8.8.8.8')).toBe(false);
  });

  test.each([
    ['https://idp.example/x', true],
    ['http://idp.example/x', false],
    ['http://127.0.0.1:8080/', false],
    ['https://user@idp.example/', false],
    ['https://:word@idp.example/', false],
    ['ftp://idp.example/', false],
    ['file:///etc/passwd', false],
    ['data:application/json,{}', false],
  ])('without switches, lets %s through: %s', (url, allowed) => {
    expect(createAddressPolicy(strict).allowsUrl(new URL(url))).toBe(allowed);
  });

  test.each([
    ['http://127.0.0.1:8080/', true],
    ['http://[::1]/', true],
    ['http://localhost/', true],
    ['http://0x7f.1/', true],
    ['http://localhost.example/', false],
    ['http://127.0.0.1.example/', false],
    ['http://10.0.0.1/', false],
  ])('with http on loopback, lets %s through: %s', (url, allowed) => {
    const policy = createAddressPolicy({ ...strict, allowLoopbackHttp: true });
    expect(policy.allowsUrl(new URL(url))).toBe(allowed);
  });
});
