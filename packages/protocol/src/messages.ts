import { decodeCbor, encodeCbor } from './cbor.ts';
import { protocolError } from './errors.ts';
import { FRAME, FRAME_HEADER_BYTES, type Frame, writeFrameHeader } from './frame.ts';
import { MESSAGE_SCHEMAS } from './message-schemas.ts';
import type { MessageName, Messages } from './message-types.ts';

/**
 * One message as a frame.
 *
 * @throws RtaError `RTA_PROTOCOL_FRAME_TOO_LARGE`, `RTA_PROTOCOL_REQUEST_ID`; `RTA_PROTOCOL_MESSAGE` for values that
 *   CBOR or this protocol cannot carry. Members are typed, and not checked against their limits here.
 */
export function encodeMessage<Name extends MessageName>(
  name: Name,
  requestId: number,
  message: Messages[Name],
): Uint8Array {
  const frame = encodeCbor(message, FRAME_HEADER_BYTES);
  writeFrameHeader(frame, FRAME[name], requestId, frame.byteLength - FRAME_HEADER_BYTES);
  return frame;
}

/**
 * Reads the body of a frame that is one CBOR map.
 *
 * @throws RtaError `RTA_PROTOCOL_UNEXPECTED_FRAME` where the frame is of another type; `RTA_PROTOCOL_MESSAGE` for a
 *   body that is not CBOR, or has members that are missing, unknown, of a wrong type or beyond a limit.
 */
export function decodeMessage<Name extends MessageName>(name: Name, frame: Frame): Messages[Name] {
  if (frame.type !== FRAME[name]) {
    throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME', `expected ${name}`, {
      details: { type: frame.type },
    });
  }
  const parsed = MESSAGE_SCHEMAS[name].safeParse(decodeCbor(frame.body));
  if (!parsed.success) {
    // The path says where it is wrong; values stay out of the message (invariant I10).
    const where = parsed.error.issues[0]?.path.join('.') || 'the map of members';
    throw protocolError('RTA_PROTOCOL_MESSAGE', `${name}: ${where} is not as specified`);
  }
  return parsed.data;
}
