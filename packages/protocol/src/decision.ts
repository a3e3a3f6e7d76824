import { BodyReader, malformed } from './body-reader.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';
import { type DecisionDetail, isDecisionDetail } from './decision-detail.ts';
import { FRAME, FRAME_HEADER_BYTES, writeFrameHeader } from './frame.ts';
import { PROTOCOL_LIMITS } from './limits.ts';
import { TOKEN_LENGTHS } from './token-lengths.ts';

/** Why a decision is what it is. The place in the list is the number on the wire: append, never reorder. */
export const DECISION_CAUSES = [
  'policy',
  'default',
  'error',
  'timeout',
  'not-granted',
  'stale-token',
  'session-unknown',
  'session-ended',
  'not-bound',
  'view-stale',
  'overload',
  'token-invalid',
  'session-suspended',
  'budget-exhausted',
  'step-up-required',
  'approval-required',
  'approval-refused',
  'obligation-unknown',
] as const;

/** See {@link DECISION_CAUSES}; the meaning of each is in docs/spec/protocol.md §6. */
export type DecisionCause = (typeof DECISION_CAUSES)[number];

/** The answer to an AUTHORIZE frame. */
export interface DecisionMessage {
  readonly effect: 'permit' | 'deny';
  /** Only `policy` permits. */
  readonly cause: DecisionCause;
  /** The session's generation that the decision was made in; 0 where there is no session to speak of. */
  readonly generation: number;
  /** UNIX milliseconds from which the answer must not be used; undefined: only for this action, now. */
  readonly expiresAtMs?: number;
  /** The token that replaces the one that was sent: there with cause `stale-token`, and with no other. */
  readonly token?: Uint8Array;
  /** Ids of the policies that decided, and what must be done for the answer to stand. */
  readonly detail?: DecisionDetail;
}

const NO_BYTES = new Uint8Array(0);

/**
 * One DECISION frame. What it writes, {@link decodeDecision} reads.
 *
 * @throws RtaError `RTA_PROTOCOL_MESSAGE` for a decision that contradicts itself, or is beyond a limit;
 *   `RTA_PROTOCOL_REQUEST_ID`
 * @throws RangeError for a request id that is not a number of 32 bits.
 */
export function encodeDecision(requestId: number, decision: DecisionMessage): Uint8Array {
  const detail = decision.detail === undefined ? NO_BYTES : encodeCbor(decision.detail);
  assertDecision(decision);
  const { effect, cause, generation, expiresAtMs = 0, token = NO_BYTES } = decision;
  assertDetailBytes(detail.byteLength);

  const bodyBytes = 15 + token.byteLength + 2 + detail.byteLength;
  const frame = new Uint8Array(FRAME_HEADER_BYTES + bodyBytes);
  writeFrameHeader(frame, FRAME.decision, requestId, bodyBytes);
  const view = new DataView(frame.buffer, FRAME_HEADER_BYTES);
  view.setUint8(0, effect === 'permit' ? 1 : 0);
  view.setUint8(1, DECISION_CAUSES.indexOf(cause));
  view.setUint32(2, generation);
  view.setUint32(6, Math.floor(expiresAtMs / 0x1_0000_0000));
  view.setUint32(10, expiresAtMs % 0x1_0000_0000);
  view.setUint8(14, token.byteLength);
  frame.set(token, FRAME_HEADER_BYTES + 15);
  view.setUint16(15 + token.byteLength, detail.byteLength);
  frame.set(detail, FRAME_HEADER_BYTES + 17 + token.byteLength);
  return frame;
}

/**
 * Reads a DECISION body. What is not known or contradicts itself is malformed, never a permit (invariant I1).
 *
 * @returns a message that shares no memory with the body.
 * @throws RtaError `RTA_PROTOCOL_MESSAGE`
 */
export function decodeDecision(body: Uint8Array): DecisionMessage {
  const reader = new BodyReader(body);
  const effect = reader.uint8();
  const cause = DECISION_CAUSES[reader.uint8()];
  if (effect > 1 || cause === undefined) throw malformed('the effect or the cause is not known');
  const generation = reader.uint32();
  const expiresAtMs = reader.uint64();
  const tokenBytes = reader.uint8();
  const token = tokenBytes === 0 ? undefined : reader.take(tokenBytes).slice();
  const detailBytes = reader.uint16();
  assertDetailBytes(detailBytes);
  const detail = detailBytes === 0 ? undefined : decodeCbor(reader.take(detailBytes));
  reader.end();
  const decision = {
    effect: effect === 1 ? ('permit' as const) : ('deny' as const),
    cause,
    generation,
    ...(expiresAtMs === 0 ? {} : { expiresAtMs }),
    ...(token === undefined ? {} : { token }),
    ...(detail === undefined ? {} : { detail }),
  };
  assertDecision(decision);
  return decision;
}

/** A decision of which only the form is known. */
type Candidate = Omit<DecisionMessage, 'detail'> & { readonly detail?: unknown };

/** What both sides hold each other to (P-6.4 to P-6.8). */
function assertDecision(decision: Candidate): asserts decision is DecisionMessage {
  const { effect, cause, generation, expiresAtMs, token, detail } = decision;
  if (!DECISION_CAUSES.includes(cause)) throw malformed('the cause is not known');
  if (effect === 'permit' && (cause !== 'policy' || generation === 0)) {
    throw malformed('only a policy permits, and only in a session');
  }
  if (generation >>> 0 !== generation) throw malformed('the generation is not a number of 32 bits');
  if (expiresAtMs !== undefined && (!Number.isSafeInteger(expiresAtMs) || expiresAtMs < 1)) {
    throw malformed('the expiry is not a time');
  }
  if ((token === undefined) === (cause === 'stale-token')) {
    throw malformed('a token belongs to the cause stale-token, and to no other');
  }
  if (token !== undefined && !TOKEN_LENGTHS.has(token.byteLength)) {
    throw malformed('the token has no known length');
  }
  if (detail !== undefined && !isDecisionDetail(detail)) throw malformed('the detail is not as specified');
  if ((detail?.stepUp === undefined) === (cause === 'step-up-required')) {
    throw malformed('how to sign in belongs to the cause step-up-required, and to no other');
  }
  if ((detail?.approval === undefined) === (cause === 'approval-required')) {
    throw malformed('an approval belongs to the cause approval-required, and to no other');
  }
}

function assertDetailBytes(bytes: number): void {
  if (bytes > PROTOCOL_LIMITS.maxDecisionDetailBytes) {
    throw malformed(`the detail must have at most ${PROTOCOL_LIMITS.maxDecisionDetailBytes} bytes`);
  }
}
