import { PROTOCOL_ERRORS, type ProtocolErrorCode } from './errors.ts';

/** Why a side closes a connection or resets a stream: application error codes of rta/1. */
export const CLOSE_CODE = {
  /** All is done. */
  none: 0x00,
  /** The server goes away; connect to another node. */
  goingAway: 0x01,
  /** A frame could not be read: unknown type, too large, cut off, a request id where none belongs. */
  frame: 0x10,
  /** A frame came where it may not. */
  unexpected: 0x11,
  /** A body is not what its frame type says. */
  message: 0x12,
  /** HELLO did not come in time. */
  handshakeTimeout: 0x13,
  /** More streams, requests or sessions than the server takes from one connection. */
  limit: 0x14,
  /** The peer does not read what is sent to it. */
  slowReader: 0x15,
  /** A fault of the server; the connection may be tried again. */
  internal: 0x20,
} as const;

/** Wire number of a close code. */
export type CloseCode = (typeof CLOSE_CODE)[keyof typeof CLOSE_CODE];

const CLOSE_CODE_OF: Readonly<Record<ProtocolErrorCode, CloseCode>> = {
  RTA_PROTOCOL_FRAME_TYPE: CLOSE_CODE.frame,
  RTA_PROTOCOL_FRAME_TOO_LARGE: CLOSE_CODE.frame,
  RTA_PROTOCOL_FRAME_CUT_OFF: CLOSE_CODE.frame,
  RTA_PROTOCOL_REQUEST_ID: CLOSE_CODE.frame,
  RTA_PROTOCOL_DECODER_FAILED: CLOSE_CODE.frame,
  RTA_PROTOCOL_UNEXPECTED_FRAME: CLOSE_CODE.unexpected,
  RTA_PROTOCOL_MESSAGE: CLOSE_CODE.message,
};

/** The code with which a side closes the connection after it refused what the peer sent (P-8.2). */
export function closeCodeOf(code: ProtocolErrorCode): CloseCode {
  return CLOSE_CODE_OF[code];
}

/** Whether an error's code is one of this package: what broke the protocol, as opposed to what is merely refused. */
export function isProtocolErrorCode(code: string): code is ProtocolErrorCode {
  return Object.hasOwn(PROTOCOL_ERRORS, code);
}
