import { TRANSPORT_LIMITS } from './limits.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The bytes of a close reason, cut at a character where it is longer than `maxReasonBytes`:
 * a close never fails because its text is long.
 */
export function encodeCloseReason(reason: string): Uint8Array {
  const bytes = new Uint8Array(TRANSPORT_LIMITS.maxReasonBytes);
  const { written } = encoder.encodeInto(reason, bytes);
  return bytes.subarray(0, written);
}

/** The text of a close reason that a peer sent: no longer than `maxReasonBytes`, with U+FFFD for what is not UTF-8. */
export function decodeCloseReason(bytes: Uint8Array): string {
  return decoder.decode(bytes.subarray(0, TRANSPORT_LIMITS.maxReasonBytes));
}

/**
 * Checks an application code of a close or a reset.
 *
 * @throws RangeError where it is not an integer from 0 to 2^53 - 1.
 */
export function checkCode(code: number): void {
  if (!Number.isSafeInteger(code) || code < 0)
    throw new RangeError('a code is an integer from 0 to 2^53 - 1');
}

/**
 * Lets an error that a handler threw surface as an uncaught exception, after this turn.
 * The handler is a part of the program, and its mistake must not leave the transport half way.
 */
export function surfaceHandlerError(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
