import { createHmac, createSecretKey, randomBytes, randomInt } from 'node:crypto';
import { CONNECTION_ID_BYTES } from './packet-routing.ts';

const TOKEN_BYTES = 16;
/** No packet to one of our ids is shorter: the sample for header protection ends here (RFC 9001 §5.4.2). */
const MIN_PACKET_BYTES = 1 + CONNECTION_ID_BYTES + 4 + 16;
/** A reset looks like a packet of the size that acknowledgements have (RFC 9000 §10.3). */
const MIN_RESET_BYTES = MIN_PACKET_BYTES - 1;
const MAX_RESET_BYTES = 72;

/** The token whose bearer may end the connection that bears this id: 16 bytes. */
export type StatelessResetToken = (connectionId: Uint8Array) => Uint8Array;

/**
 * Tokens that a server can make again from the id alone, when it has forgotten everything else.
 *
 * @see RFC 9000 §10.3.2
 */
export function createStatelessResetTokens(key: Uint8Array): StatelessResetToken {
  // Node.js takes four times as long to make a MAC with a key in bytes.
  const macKey = createSecretKey(key);
  return (connectionId) =>
    new Uint8Array(createHmac('sha256', macKey).update(connectionId).digest().subarray(0, TOKEN_BYTES));
}

/** Whether a datagram with a short header is long enough to be a packet of ours. */
export function mayBePacket(datagram: Buffer): boolean {
  return datagram.byteLength >= MIN_PACKET_BYTES;
}

/**
 * What tells the sender of a packet that nobody here knows its connection: noise that ends with the token of the id.
 * For anybody else it looks like a packet, and it is always shorter than what it answers: so two endpoints that know
 * nothing of each other fall silent, and nobody is sent more than was asked for with a forged address.
 *
 * @param datagram one that `mayBePacket`.
 * @see RFC 9000 §10.3
 */
export function statelessReset(datagram: Buffer, tokenOf: StatelessResetToken): Buffer {
  const longest = Math.min(MAX_RESET_BYTES, datagram.byteLength - 1);
  const reset = randomBytes(randomInt(MIN_RESET_BYTES, longest + 1));
  // A short header: first bit 0, second bit 1.
  reset.writeUInt8((reset.readUInt8(0) & 0x3f) | 0x40, 0);
  const token = tokenOf(datagram.subarray(1, 1 + CONNECTION_ID_BYTES));
  reset.set(token, reset.byteLength - TOKEN_BYTES);
  return reset;
}
