import { FRAME, type Frame } from './frame.ts';
import type { Messages } from './message-types.ts';
import { decodeMessage } from './messages.ts';

/** Everything of an ACK but its values: the body is deterministic, so that it has one form. */
const UP_TO_SESSION = Buffer.from('a26773657373696f6e76', 'hex');
const UP_TO_GENERATION = Buffer.from('6a67656e65726174696f6e', 'hex');
const SESSION_CHARACTERS = 22;
const SESSION_END = UP_TO_SESSION.byteLength + SESSION_CHARACTERS;
const GENERATION_AT = SESSION_END + UP_TO_GENERATION.byteLength;
const SESSION = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/**
 * Reads an ACK; the same as `decodeMessage('ack', frame)`, a tenth of its time. There is one for every push, and they
 * come while others still wait to be told.
 *
 * @throws RtaError as {@link decodeMessage}
 */
export function decodeAck(frame: Frame): Messages['ack'] {
  // What is not in the one form is refused, and why it is wrong the general reader says.
  return readAck(frame) ?? decodeMessage('ack', frame);
}

function readAck({ type, body }: Frame): Messages['ack'] | undefined {
  if (type !== FRAME.ack || !hasBytes(body, 0, UP_TO_SESSION)) return undefined;
  if (!hasBytes(body, SESSION_END, UP_TO_GENERATION)) return undefined;
  const { buffer, byteOffset, byteLength } = body;
  const session = Buffer.from(buffer, byteOffset, byteLength).toString(
    'latin1',
    UP_TO_SESSION.byteLength,
    SESSION_END,
  );
  const generation = readCount(body, GENERATION_AT);
  return generation === undefined || !SESSION.test(session) ? undefined : { session, generation };
}

/** A number of at most 32 bits in its shortest form (RFC 8949 §4.2.1), with nothing behind it. */
function readCount(body: Uint8Array, at: number): number | undefined {
  const head = body[at] ?? 0xff;
  const extraBytes = head < 24 ? 0 : head <= 26 ? 1 << (head - 24) : Number.NaN;
  if (body.byteLength !== at + 1 + extraBytes) return undefined;
  if (extraBytes === 0) return head;
  let count = 0;
  for (let index = at + 1; index < body.byteLength; index++) count = count * 0x100 + (body[index] ?? 0);
  const shorterHolds = extraBytes === 1 ? 23 : 2 ** (extraBytes * 4) - 1;
  return count > shorterHolds ? count : undefined;
}

function hasBytes(body: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.byteLength; index++) {
    if (body[at + index] !== expected[index]) return false;
  }
  return true;
}
