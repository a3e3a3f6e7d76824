import { expect, it } from 'vitest';
import { CLOSE_CODE, closeCodeOf } from './close-code.ts';
import { PROTOCOL_ERRORS, type ProtocolErrorCode } from './errors.ts';

it('keeps the numbers of the close codes [P-8.1]', () => {
  expect(CLOSE_CODE).toEqual({
    none: 0x00,
    goingAway: 0x01,
    frame: 0x10,
    unexpected: 0x11,
    message: 0x12,
    handshakeTimeout: 0x13,
    limit: 0x14,
    slowReader: 0x15,
    internal: 0x20,
  });
});

it('knows a close code for every error of the protocol [P-8.2]', () => {
  const codes = Object.keys(PROTOCOL_ERRORS) as ProtocolErrorCode[];
  expect(Object.fromEntries(codes.map((code) => [code, closeCodeOf(code)]))).toEqual({
    RTA_PROTOCOL_FRAME_TYPE: 0x10,
    RTA_PROTOCOL_FRAME_TOO_LARGE: 0x10,
    RTA_PROTOCOL_FRAME_CUT_OFF: 0x10,
    RTA_PROTOCOL_REQUEST_ID: 0x10,
    RTA_PROTOCOL_DECODER_FAILED: 0x10,
    RTA_PROTOCOL_UNEXPECTED_FRAME: 0x11,
    RTA_PROTOCOL_MESSAGE: 0x12,
  });
});

it('has no error that the same bytes could survive when they are sent again', () => {
  const retryable = Object.values(PROTOCOL_ERRORS).filter((spec) => spec.retryable);
  expect(retryable).toEqual([]);
});
