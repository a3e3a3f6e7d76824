/**
 * Turns a client away with one small packet, and without any state: an Initial packet whose only frame is a
 * CONNECTION_CLOSE. quiche could only say it after it had done the handshake's work.
 */

import { createCipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { type LongHeader, newConnectionId, QUIC_V1 } from './packet-routing.ts';

/** RFC 9001 §5.2. */
const INITIAL_SALT = Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex');
const HASH = 'sha256';
const HASH_BYTES = 32;
const KEY_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SAMPLE_BYTES = 16;
/** Length of the longest packet number, from whose end the sample for header protection is counted. */
const MAX_PACKET_NUMBER_BYTES = 4;

/** Initial packet, packet number of one byte (RFC 9000 §17.2.2). */
const FIRST_BYTE = 0xc0;
const PACKET_NUMBER = 0;
/**
 * A CONNECTION_CLOSE frame: type, error code in two bytes, type of the frame at fault, length of the reason (RFC 9000
 * §19.19).
 */
const closeFrame = (code: number): Uint8Array => Uint8Array.of(0x1c, 0x40 | (code >> 8), code & 0xff, 0, 0);

/** The keys that protect a server's Initial packets (RFC 9001 §5.2). */
export interface InitialKeys {
  readonly key: Buffer;
  readonly iv: Buffer;
  readonly headerKey: Buffer;
}

/** Derives the server's Initial keys from the destination id that the client made up. */
export function serverInitialKeys(dcid: Uint8Array): InitialKeys {
  // HKDF-Extract and the first HKDF-Expand-Label in one.
  const info = label('server in', HASH_BYTES);
  const secret = createSecretKey(Buffer.from(hkdfSync(HASH, dcid, INITIAL_SALT, info, HASH_BYTES)));
  const expand = (name: string, byteLength: number): Buffer => expandLabel(secret, name, byteLength);
  return {
    key: expand('quic key', KEY_BYTES),
    iv: expand('quic iv', IV_BYTES),
    headerKey: expand('quic hp', KEY_BYTES),
  };
}

/** HKDF-Expand-Label for lengths up to that of the hash (RFC 8446 §7.1): one block of HKDF-Expand. */
function expandLabel(secret: KeyObject, name: string, byteLength: number): Buffer {
  const block = createHmac(HASH, secret).update(label(name, byteLength)).update(Uint8Array.of(1)).digest();
  return block.subarray(0, byteLength);
}

function label(name: string, byteLength: number): Buffer {
  const text = Buffer.from(`tls13 ${name}`, 'latin1');
  return Buffer.concat([Uint8Array.of(0, byteLength, text.byteLength), text, Uint8Array.of(0)]);
}

/**
 * The packet that turns away whoever sent this header.
 *
 * @param code says why: a transport error code, TLS alerts among them (RFC 9000 §20.1).
 */
export function connectionRefusal(header: LongHeader, code: number): Buffer {
  const frame = closeFrame(code);
  const { key, iv, headerKey } = serverInitialKeys(header.dcid);
  const scid = newConnectionId();
  const length = 1 + frame.byteLength + TAG_BYTES;
  const clearHeader = Buffer.concat([
    Uint8Array.of(FIRST_BYTE, 0, 0, 0, QUIC_V1),
    Uint8Array.of(header.scid.byteLength),
    header.scid,
    Uint8Array.of(scid.byteLength),
    scid,
    // No token; the length of the rest; the packet number.
    Uint8Array.of(0, length, PACKET_NUMBER),
  ]);
  // The nonce is the IV, XORed with the packet number: 0.
  const cipher = createCipheriv('aes-128-gcm', key, iv).setAAD(clearHeader);
  const packet = Buffer.concat([clearHeader, cipher.update(frame), cipher.final(), cipher.getAuthTag()]);
  protectHeader(packet, clearHeader.byteLength - 1, headerKey);
  return packet;
}

/** Header protection of a packet with a long header and a packet number of one byte (RFC 9001 §5.4). */
function protectHeader(packet: Buffer, packetNumberAt: number, headerKey: Buffer): void {
  const sampleAt = packetNumberAt + MAX_PACKET_NUMBER_BYTES;
  const mask = createCipheriv('aes-128-ecb', headerKey, null).update(
    packet.subarray(sampleAt, sampleAt + SAMPLE_BYTES),
  );
  packet.writeUInt8(packet.readUInt8(0) ^ (mask.readUInt8(0) & 0x0f), 0);
  packet.writeUInt8(packet.readUInt8(packetNumberAt) ^ mask.readUInt8(1), packetNumberAt);
}
