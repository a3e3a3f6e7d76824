/**
 * Reads the parts of a datagram that do not depend on the QUIC version (RFC 8999): enough to find its connection,
 * without touching the native library. Nothing here throws: the bytes come from anybody.
 */

import { randomBytes } from 'node:crypto';

/** Length of the connection ids that this side chooses; its packets with short headers rely on it. */
export const CONNECTION_ID_BYTES = 16;

/** The QUIC version spoken here (RFC 9000). */
export const QUIC_V1 = 1;

/** A client pads the datagrams of its first flight to this, against amplification (RFC 9000 §14.1). */
const MIN_INITIAL_DATAGRAM_BYTES = 1_200;

/** A client chooses a first destination id of this length at least (RFC 9000 §7.2). */
const MIN_INITIAL_DCID_BYTES = 8;

const MAX_V1_CONNECTION_ID_BYTES = 20;
const LONG_HEADER = 0x80;
/** Set in every packet of version 1, except for Version Negotiation (RFC 9000 §17.2). */
const FIXED_BIT = 0x40;
const LONG_TYPE_MASK = 0x30;
const LONG_TYPE_INITIAL = 0x00;
/** The sample for header protection ends here, counted from the packet number (RFC 9001 §5.4.2). */
const MIN_PROTECTED_BYTES = 4 + 16;

/** A connection id as a key of a map: one character a byte. */
export type ConnectionIdKey = string;

/** The key of a connection id. */
export function connectionIdKey(id: Uint8Array): ConnectionIdKey {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');
}

/** A fresh connection id, that nobody can guess. */
export function newConnectionId(): Uint8Array {
  return randomBytes(CONNECTION_ID_BYTES);
}

/** Destination of a packet with a short header, or undefined where the datagram is too short to be one. */
export function shortHeaderKey(datagram: Buffer): ConnectionIdKey | undefined {
  if (datagram.byteLength <= CONNECTION_ID_BYTES) return undefined;
  return datagram.toString('latin1', 1, 1 + CONNECTION_ID_BYTES);
}

/** Whether the first packet of a datagram has a long header: one from a handshake. */
export function hasLongHeader(datagram: Buffer): boolean {
  return ((datagram[0] ?? 0) & LONG_HEADER) !== 0;
}

/** The version-independent part of a long header (RFC 8999 §5.1). */
export interface LongHeader {
  readonly version: number;
  readonly dcid: Buffer;
  readonly scid: Buffer;
  /** An Initial packet of version 1. */
  readonly isInitial: boolean;
}

/** Reads a long header, or returns undefined where the bytes are not one. The ids are views of the datagram. */
export function readLongHeader(datagram: Buffer): LongHeader | undefined {
  if (datagram.byteLength < 7 || !hasLongHeader(datagram)) return undefined;
  const version = datagram.readUInt32BE(1);
  const dcidEnd = 6 + datagram.readUInt8(5);
  if (dcidEnd >= datagram.byteLength) return undefined;
  const scidEnd = dcidEnd + 1 + datagram.readUInt8(dcidEnd);
  if (scidEnd > datagram.byteLength) return undefined;
  const dcid = datagram.subarray(6, dcidEnd);
  const scid = datagram.subarray(dcidEnd + 1, scidEnd);
  if (
    version === QUIC_V1 &&
    (dcid.byteLength > MAX_V1_CONNECTION_ID_BYTES || scid.byteLength > MAX_V1_CONNECTION_ID_BYTES)
  ) {
    return undefined;
  }
  const isInitial = version === QUIC_V1 && (datagram.readUInt8(0) & LONG_TYPE_MASK) === LONG_TYPE_INITIAL;
  return { version, dcid, scid, isInitial };
}

/** What a datagram may be that belongs to no connection and is worth an answer. */
export type FirstDatagram =
  | {
      readonly kind: 'initial';
      readonly header: LongHeader;
      /** What a Retry packet gave the client; empty for none. A view of the datagram. */
      readonly token: Buffer;
    }
  | { readonly kind: 'unknown-version'; readonly header: LongHeader };

/** Reads a datagram that belongs to no connection; undefined where it is to be ignored. */
export function readFirstDatagram(datagram: Buffer): FirstDatagram | undefined {
  if (datagram.byteLength < MIN_INITIAL_DATAGRAM_BYTES) return undefined;
  const header = readLongHeader(datagram);
  // Version 0 is a Version Negotiation packet: an answer to it could go back and forth for ever.
  if (header === undefined || header.version === 0) return undefined;
  if (header.version !== QUIC_V1) return { kind: 'unknown-version', header };
  if (!header.isInitial || header.dcid.byteLength < MIN_INITIAL_DCID_BYTES) return undefined;
  const token = readToken(datagram, header);
  return token === undefined ? undefined : { kind: 'initial', header, token };
}

/** The token of an Initial packet that is all there (RFC 9000 §17.2.2). */
function readToken(datagram: Buffer, { dcid, scid }: LongHeader): Buffer | undefined {
  if ((datagram.readUInt8(0) & FIXED_BIT) === 0) return undefined;
  const tokenLength = readVarint(datagram, 7 + dcid.byteLength + scid.byteLength);
  if (tokenLength === undefined) return undefined;
  const tokenEnd = tokenLength.end + tokenLength.value;
  const length = readVarint(datagram, tokenEnd);
  if (length === undefined || length.value < MIN_PROTECTED_BYTES) return undefined;
  if (length.end + length.value > datagram.byteLength) return undefined;
  return datagram.subarray(tokenLength.end, tokenEnd);
}

/** A variable-length integer (RFC 9000 §16); undefined where it is cut off, or no length that a datagram has. */
function readVarint(datagram: Buffer, offset: number): { value: number; end: number } | undefined {
  const first = datagram[offset];
  if (first === undefined) return undefined;
  const end = offset + (1 << (first >> 6));
  if (end > datagram.byteLength) return undefined;
  let value = first & 0x3f;
  for (let index = offset + 1; index < end; index++) value = value * 256 + datagram.readUInt8(index);
  return { value, end };
}

/**
 * The answer to a version that is not spoken here: a Version Negotiation packet that offers version 1.
 *
 * @see RFC 8999 §6, RFC 9000 §17.2.1
 */
export function versionNegotiation(header: LongHeader): Buffer {
  const packet = Buffer.alloc(1 + 4 + 1 + header.scid.byteLength + 1 + header.dcid.byteLength + 4);
  packet.writeUInt8(LONG_HEADER | 0x40 | (randomBytes(1).readUInt8(0) & 0x3f), 0);
  let offset = packet.writeUInt32BE(0, 1);
  for (const id of [header.scid, header.dcid]) {
    offset = packet.writeUInt8(id.byteLength, offset);
    offset += id.copy(packet, offset);
  }
  packet.writeUInt32BE(QUIC_V1, offset);
  return packet;
}
