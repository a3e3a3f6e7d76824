import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of `@rta/protocol`. Each one is fatal to the stream it is found on (docs/spec/protocol.md §8). */
export const PROTOCOL_ERRORS = {
  RTA_PROTOCOL_FRAME_TYPE: {
    summary: 'the frame type is not known',
    remedy: 'speak rta/1 as docs/spec/protocol.md has it',
    retryable: false,
  },
  RTA_PROTOCOL_FRAME_TOO_LARGE: {
    summary: 'the frame body is larger than the limit',
    remedy: 'send less in one message: a body has at most 65536 bytes',
    retryable: false,
  },
  RTA_PROTOCOL_FRAME_CUT_OFF: {
    summary: 'the stream ended inside a frame',
    remedy: 'end a stream after a whole frame; connect again if the peer broke off',
    retryable: false,
  },
  RTA_PROTOCOL_REQUEST_ID: {
    summary: 'the request id is not allowed on this frame',
    remedy: 'number requests from 1, answer with the number of the request, and send GOAWAY with 0',
    retryable: false,
  },
  RTA_PROTOCOL_UNEXPECTED_FRAME: {
    summary: 'the frame is not allowed here or now',
    remedy: 'open the control stream with HELLO, lanes with AUTHORIZE or RESUME, and wait for WELCOME',
    retryable: false,
  },
  RTA_PROTOCOL_MESSAGE: {
    summary: 'the body of the frame is not what its type says',
    remedy: 'check members, types and lengths in docs/spec/protocol.md',
    retryable: false,
  },
  RTA_PROTOCOL_DECODER_FAILED: {
    summary: 'the decoder refused earlier bytes and takes no more',
    remedy: 'close the stream; a broken frame cannot be skipped',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/protocol` throws. */
export type ProtocolErrorCode = keyof typeof PROTOCOL_ERRORS;

/** Makes errors of this package; for what speaks the protocol, and finds it broken. */
export const protocolError = errorFactory(PROTOCOL_ERRORS);
