/**
 * What a peer can do wrong inside a WebSocket. The program never sees these thrown: the connection ends with WebSocket
 * code 1002 and the code as the reason. What dialing and listening throw is of the transport port.
 */

import { type ErrorTable, errorFactory, type RtaError } from '@rta/core';
import { type TransportErrorCode, transportError } from '@rta/transport';

/** Error codes of the streams inside a WebSocket (`docs/spec/streams-over-websocket.md`). */
export const WEBSOCKET_ERRORS = {
  RTA_WEBSOCKET_MESSAGE: {
    summary: 'the peer sent a text message, or an empty one',
    remedy: 'send frames in binary messages only',
    retryable: false,
  },
  RTA_WEBSOCKET_FRAME: {
    summary: 'the peer sent a message that is not whole, known frames',
    remedy: 'write frames as §3 of the specification has them, each number in its shortest form',
    retryable: false,
  },
  RTA_WEBSOCKET_ORDER: {
    summary: 'the peer sent a frame where it may not stand',
    remedy: 'send SETTINGS first and once, and nothing on a stream after its END',
    retryable: false,
  },
  RTA_WEBSOCKET_STREAM: {
    summary: 'the peer named a stream that it may not open or does not know',
    remedy: 'count stream ids as §4 of the specification does, and keep to the streams that were allowed',
    retryable: false,
  },
  RTA_WEBSOCKET_CREDIT: {
    summary: 'the peer sent more bytes than it had credit for, or gave more credit than there is',
    remedy: 'count bytes as §5 of the specification does',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes of what a peer did wrong inside a WebSocket. */
export type WebSocketErrorCode = keyof typeof WEBSOCKET_ERRORS;

/** Whether a text is one of {@link WEBSOCKET_ERRORS}. */
export function isWebSocketErrorCode(text: string): text is WebSocketErrorCode {
  return Object.hasOwn(WEBSOCKET_ERRORS, text);
}

export const webSocketError = errorFactory(WEBSOCKET_ERRORS);

/** Nobody answered, or the operating system says that nobody will. */
export function unreachable(
  peer: { readonly host: string; readonly port: number },
  message?: string,
  cause?: unknown,
): RtaError<TransportErrorCode> {
  return transportError('RTA_TRANSPORT_UNREACHABLE', message, {
    details: { host: peer.host, port: peer.port },
    cause,
  });
}

/** An option of the calling program that cannot work. */
export function notUsable(option: string, reason: string, cause?: unknown): RtaError<TransportErrorCode> {
  return transportError('RTA_TRANSPORT_CONFIG', `${option} ${reason}`, { details: { option }, cause });
}
