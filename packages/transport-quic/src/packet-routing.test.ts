import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  connectionIdKey,
  hasLongHeader,
  newConnectionId,
  readFirstDatagram,
  readLongHeader,
  shortHeaderKey,
  versionNegotiation,
} from './packet-routing.ts';

// The client's first packet of RFC 9001 Appendix A.2, as protected, cut after its packet number.
const RFC9001_INITIAL = Buffer.from('c000000001088394c8f03e5157080000449e7b9aec34', 'hex');

const padded = (start: string): Buffer => {
  const datagram = Buffer.alloc(1_200);
  datagram.write(start, 'hex');
  return datagram;
};

describe('a long header', () => {
  test('is read as RFC 9001 Appendix A writes it', () => {
    expect(readLongHeader(RFC9001_INITIAL)).toEqual({
      version: 1,
      dcid: Buffer.from('8394c8f03e515708', 'hex'),
      scid: Buffer.alloc(0),
      isInitial: true,
    });
  });

  test.each([
    ['a short header', '40000000010811111111111111110000'],
    ['nothing', ''],
    ['a header that stops in its destination id', 'c00000000108111111'],
    ['a header that stops before its source id', 'c0000000010211110411'],
    ['a destination id of 21 bytes in version 1', `c00000000115${'11'.repeat(21)}00`],
    ['a source id of 21 bytes in version 1', `c0000000010015${'11'.repeat(21)}`],
  ])('is not seen in %s', (_what, hex) => {
    expect(readLongHeader(Buffer.from(hex, 'hex'))).toBeUndefined();
  });

  test('of another version may have longer ids', () => {
    const header = readLongHeader(Buffer.from(`c00000000215${'11'.repeat(21)}00`, 'hex'));
    expect(header?.dcid.byteLength).toBe(21);
    expect(header?.isInitial).toBe(false);
  });

  property.prop([fc.uint8Array({ maxLength: 80 })])('never throws, whatever the bytes', (bytes) => {
    const datagram = Buffer.from(bytes);
    const header = readLongHeader(datagram);
    if (header !== undefined) {
      expect(7 + header.dcid.byteLength + header.scid.byteLength).toBeLessThanOrEqual(datagram.byteLength);
    }
    readFirstDatagram(datagram);
    shortHeaderKey(datagram);
    hasLongHeader(datagram);
  });
});

describe('the first datagram of a peer', () => {
  test('is an Initial packet of version 1', () => {
    expect(readFirstDatagram(padded('c000000001088394c8f03e5157080000449e'))).toMatchObject({
      kind: 'initial',
      token: Buffer.alloc(0),
    });
  });

  test.each([
    ['a byte', '03'],
    ['two bytes', '4003'],
    ['four bytes', '80000003'],
    ['eight bytes', 'c000000000000003'],
  ])('may bring a token, whose length is written in %s', (_what, length) => {
    expect(readFirstDatagram(padded(`c000000001088394c8f03e51570800${length}aabbcc4014`))).toMatchObject({
      kind: 'initial',
      token: Buffer.from('aabbcc', 'hex'),
    });
  });

  test('may bring a token that fills it, up to what has to be there of a packet', () => {
    // 15 bytes of header, 2 of the token's length, 1161 of the token, 2 of the packet's length, 20 of the packet.
    const datagram = padded('c000000001088394c8f03e515708004489');
    datagram.write('4014', 1_178, 'hex');
    expect(readFirstDatagram(datagram)).toMatchObject({ kind: 'initial', token: Buffer.alloc(1_161) });
  });

  test('may be of a version that is not spoken', () => {
    expect(readFirstDatagram(padded('c0ff00001d088394c8f03e51570800'))?.kind).toBe('unknown-version');
  });

  test.each([
    ['one byte too short', padded('c000000001088394c8f03e51570800').subarray(1)],
    ['a Handshake packet', padded('e000000001088394c8f03e51570800')],
    ['a 0-RTT packet', padded('d000000001088394c8f03e51570800')],
    ['a Retry packet', padded('f000000001088394c8f03e51570800')],
    ['a Version Negotiation packet', padded('c000000000088394c8f03e51570800')],
    ['for a destination id of 7 bytes', padded('c000000001078394c8f03e515700')],
    ['a short header', padded('408394c8f03e51570800')],
    ['without the fixed bit', padded('8000000001088394c8f03e5157080000449e')],
    ['with a token that is longer than it', padded('c000000001088394c8f03e515708004500449e')],
    ['with a token of 2^62 - 1 bytes', padded('c000000001088394c8f03e51570800ffffffffffffffff449e')],
    ['with a token that leaves no room for a packet', padded('c000000001088394c8f03e5157080044a1')],
    ['with a packet that is longer than it', padded('c000000001088394c8f03e515708000044a0')],
    ['with a packet of 19 bytes', padded('c000000001088394c8f03e51570800004013')],
    ['with a packet of 2^62 - 1 bytes', padded('c000000001088394c8f03e5157080000ffffffffffffffff')],
  ])('is ignored where it is %s', (_what, datagram) => {
    expect(readFirstDatagram(datagram)).toBeUndefined();
  });
});

test('a version negotiation gives the ids back the other way round, and offers version 1', () => {
  const header = readLongHeader(Buffer.from('cf1a2a3a4a04a1a2a3a402b1b200', 'hex'));
  if (header === undefined) throw new Error('the header is one');
  const packet = versionNegotiation(header);
  expect(packet.readUInt8(0) & 0xc0).toBe(0xc0);
  expect(packet.subarray(1).toString('hex')).toBe('0000000002b1b204a1a2a3a400000001');
});

test('a short header is found by the 16 bytes after its first', () => {
  const id = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
  const packet = Buffer.concat([Uint8Array.of(0x41), id, Uint8Array.of(9, 9)]);
  expect(shortHeaderKey(packet)).toBe(connectionIdKey(id));
  expect(shortHeaderKey(packet.subarray(0, 16))).toBeUndefined();
});

test('the keys of different ids differ, also above 0x7f', () => {
  const keys = new Set(Array.from({ length: 256 }, (_, byte) => connectionIdKey(Uint8Array.of(byte, 0xff))));
  expect(keys.size).toBe(256);
});

test('connection ids have 16 bytes and do not repeat', () => {
  const ids = Array.from({ length: 100 }, () => newConnectionId());
  expect(new Set(ids.map(connectionIdKey)).size).toBe(100);
  expect(ids[0]?.byteLength).toBe(16);
});
