import { hasLongHeader, QUIC_V1, readLongHeader } from './packet-routing.ts';

/** Types of packets, as qlog names them. */
export type PacketType =
  | 'initial'
  | '0RTT'
  | 'handshake'
  | 'retry'
  | 'version_negotiation'
  | '1RTT'
  | 'unknown';

/** One packet of a datagram. */
export interface Packet {
  readonly type: PacketType;
  readonly byteLength: number;
}

const LONG_TYPES = ['initial', '0RTT', 'handshake', 'retry'] as const;

/**
 * The packets of a datagram: several may share one (RFC 9000 §12.2), and all but the last say how long they are. What
 * is not protected is enough to tell them apart. Bytes that are no packet are one of type `unknown`.
 */
export function packetsOf(datagram: Uint8Array): Packet[] {
  const packets: Packet[] = [];
  let rest = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  while (rest.byteLength > 0) {
    const packet = firstPacket(rest);
    packets.push(packet);
    rest = rest.subarray(packet.byteLength);
  }
  return packets;
}

function firstPacket(bytes: Buffer): Packet {
  const whole = bytes.byteLength;
  if (!hasLongHeader(bytes)) return { type: '1RTT', byteLength: whole };
  const header = readLongHeader(bytes);
  if (header === undefined) return { type: 'unknown', byteLength: whole };
  if (header.version === 0) return { type: 'version_negotiation', byteLength: whole };
  if (header.version !== QUIC_V1) return { type: 'unknown', byteLength: whole };
  const type = LONG_TYPES[((bytes[0] ?? 0) >> 4) & 3] ?? 'unknown';
  if (type === 'retry') return { type, byteLength: whole };
  let offset = 7 + header.dcid.byteLength + header.scid.byteLength;
  if (type === 'initial') {
    const token = readVarint(bytes, offset);
    if (token === undefined) return { type: 'unknown', byteLength: whole };
    offset = token.end + token.value;
  }
  const length = readVarint(bytes, offset);
  if (length === undefined || length.end + length.value > whole)
    return { type: 'unknown', byteLength: whole };
  return { type, byteLength: length.end + length.value };
}

/** A variable-length integer that is small enough for a length (RFC 9000 §16). */
function readVarint(bytes: Buffer, offset: number): { value: number; end: number } | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  const byteLength = 1 << (first >> 6);
  const end = offset + byteLength;
  if (end > bytes.byteLength) return undefined;
  let value = first & 0x3f;
  for (let at = offset + 1; at < end; at++) value = value * 256 + (bytes[at] ?? 0);
  return Number.isSafeInteger(value) ? { value, end } : undefined;
}
