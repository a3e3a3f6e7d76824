import { expect, test } from 'vitest';
import { packetBytesTo } from './address.ts';

test.each(['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1'])('%s is this very machine', (host) => {
  expect(packetBytesTo({ host, port: 1 })).toBe(16_384);
});

test.each(['192.0.2.1', '128.0.0.1', '0.0.0.0', '::', '::2', '::ffff:192.0.2.1', 'fe80::1'])(
  'to %s packets have the size that every path carries',
  (host) => {
    expect(packetBytesTo({ host, port: 1 })).toBe(1_200);
  },
);
