import { describe, expect, test } from 'vitest';
import { sourceAddress, sourceNetwork } from './source-prefix.ts';

test.each([
  ['192.0.2.7', '192.0.2.7', '192.0.2'],
  ['::ffff:192.0.2.7', '192.0.2.7', '192.0.2'],
  ['::FFFF:192.0.2.7', '192.0.2.7', '192.0.2'],
  ['2001:db8:12:3456:a:b:c:d', '2001:0db8:0012:3456', '2001:0db8:0012:34'],
  ['2001:db8::1', '2001:0db8:0000:0000', '2001:0db8:0000:00'],
  ['2001:db8:0:5600::', '2001:0db8:0000:5600', '2001:0db8:0000:56'],
  ['::1', '0000:0000:0000:0000', '0000:0000:0000:00'],
  ['::', '0000:0000:0000:0000', '0000:0000:0000:00'],
  ['1::2:3:4:5:6', '0001:0000:0000:0002', '0001:0000:0000:00'],
  ['64:ff9b:1:1::192.0.2.7', '0064:ff9b:0001:0001', '0064:ff9b:0001:00'],
  ['64:ff9b::192.0.2.7', '0064:ff9b:0000:0000', '0064:ff9b:0000:00'],
  ['1:2:3:4:5:6:7::', '0001:0002:0003:0004', '0001:0002:0003:00'],
  ['fe80::1', 'fe80:0000:0000:0000', 'fe80:0000:0000:00'],
])('%s is of the address %s, in the network %s', (host, address, network) => {
  expect(sourceAddress(host)).toBe(address);
  expect(sourceNetwork(host)).toBe(network);
});

describe('one source', () => {
  test('is all of an IPv6 /64', () => {
    expect(sourceAddress('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe(sourceAddress('2001:db8:1:2::'));
    expect(sourceAddress('2001:db8:1:3::')).not.toBe(sourceAddress('2001:db8:1:2::'));
  });

  test('is not two neighbours in an IPv4 network', () => {
    expect(sourceAddress('192.0.2.7')).not.toBe(sourceAddress('192.0.2.8'));
    expect(sourceNetwork('192.0.2.7')).toBe(sourceNetwork('192.0.2.8'));
    expect(sourceNetwork('192.0.3.7')).not.toBe(sourceNetwork('192.0.2.7'));
  });

  test('is all of an IPv6 /56, and no more', () => {
    expect(sourceNetwork('2001:db8:1:2ff::')).toBe(sourceNetwork('2001:db8:1:200::'));
    expect(sourceNetwork('2001:db8:1:300::')).not.toBe(sourceNetwork('2001:db8:1:200::'));
  });
});
