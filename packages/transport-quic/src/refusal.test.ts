import { expect, test } from 'vitest';
import { readLongHeader } from './packet-routing.ts';
import { connectionRefusal, serverInitialKeys } from './refusal.ts';

test('the Initial keys of a server are those of RFC 9001 Appendix A.1', () => {
  const keys = serverInitialKeys(Buffer.from('8394c8f03e515708', 'hex'));
  expect(keys.key.toString('hex')).toBe('cf3a5331653c364c88f0f379b6067e37');
  expect(keys.iv.toString('hex')).toBe('0ac1493ca1905853b0bba03e');
  expect(keys.headerKey.toString('hex')).toBe('c206b8d9b9f0f37644430b490eeaa314');
});

test('a refusal is addressed to the client, and much smaller than what it answers', () => {
  const header = readLongHeader(Buffer.from('c000000001088394c8f03e51570804a1a2a3a400', 'hex'));
  if (header === undefined) throw new Error('the header is one');
  const packet = connectionRefusal(header, 0x02);
  expect(packet.byteLength).toBe(51);
  expect(readLongHeader(packet)).toMatchObject({
    version: 1,
    dcid: Buffer.from('a1a2a3a4', 'hex'),
    isInitial: true,
  });
});
