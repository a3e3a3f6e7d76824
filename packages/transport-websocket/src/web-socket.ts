import { WEBSOCKET_LIMITS } from './limits.ts';

/** The subprotocol that both sides negotiate (`docs/spec/streams-over-websocket.md` W-1.3). */
export const SUBPROTOCOL = 'rta.1';

/** The application protocol that it stands for: names of subprotocols have no slash. */
export const PROTOCOL = 'rta/1';

/** Where a server answers unless told otherwise. */
export const DEFAULT_PATH = '/rta';

/** Status codes of RFC 6455 §7.4.1. */
export const CLOSE_STATUS = {
  normal: 1_000,
  protocolError: 1_002,
  unsupportedData: 1_003,
  abnormal: 1_006,
  policyViolation: 1_008,
  tooBig: 1_009,
  internalError: 1_011,
} as const;

/** What both sides ask of the WebSocket library. */
export const WEBSOCKET_OPTIONS = {
  // Compression would let the length of what is sent tell of secrets in it, and costs memory and time.
  perMessageDeflate: false,
  // A message is frames of ours: no text is ever read.
  skipUTF8Validation: true,
  allowSynchronousEvents: true,
  maxPayload: WEBSOCKET_LIMITS.maxMessageBytes,
  maxFragments: WEBSOCKET_LIMITS.maxFragmentCount,
  maxBufferedChunks: WEBSOCKET_LIMITS.maxPieceCount,
  maxPendingAutoPongs: WEBSOCKET_LIMITS.maxPendingPongCount,
  closeTimeout: WEBSOCKET_LIMITS.closeTimeoutMs,
} as const;

/** The status with which the WebSocket library closes after an error of its own. */
export function statusOf(error: Error & { readonly code?: unknown }): number {
  switch (error.code) {
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
    case 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH':
      return CLOSE_STATUS.tooBig;
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return CLOSE_STATUS.policyViolation;
    default:
      return CLOSE_STATUS.protocolError;
  }
}
