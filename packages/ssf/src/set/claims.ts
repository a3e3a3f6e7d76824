import type { JsonObject, JsonValue } from '@rta/core';
import { z } from 'zod';
import { ssfError } from '../errors.ts';
import { type ReceiverLimits, SSF_LIMITS } from '../limits.ts';
import { type LegacyShape, presentEventType, subjectOf } from './legacy.ts';
import { isObject } from './strict-json.ts';

/** The claims of a Security Event Token that was verified. */
export interface SetClaims {
  readonly issuer: string;
  readonly jti: string;
  readonly issuedAtMs: number;
  /** UNIX milliseconds of what the token tells of (`toe`, RFC 8417 §2.2). */
  readonly occurredAtMs?: number;
  readonly txn?: string;
  readonly subId: JsonObject;
  readonly eventType: string;
  readonly event: JsonObject;
}

const name = z.string().min(1).max(SSF_LIMITS.nameCharacters);

const claims = z.object({
  iss: name,
  jti: name,
  iat: z.number().nonnegative(),
  toe: z.number().nonnegative().exactOptional(),
  txn: name.exactOptional(),
});

/**
 * Reads the claims.
 *
 * @param legacy - older shapes that this transmitter may use.
 * @throws RtaError `RTA_SSF_CLAIMS`
 * @see RFC 8417 §2.2, SSF 1.0 §4.1
 */
export function readClaims(payload: JsonObject, legacy: ReadonlySet<LegacyShape> = new Set()): SetClaims {
  const result = claims.safeParse(payload);
  if (!result.success) throw badClaim(String(result.error.issues[0]?.path[0] ?? ''));
  // A token with these could pass for an access token or ID token elsewhere (SSF 1.0 §4.1.2, §4.1.7).
  for (const forbidden of ['sub', 'exp']) {
    if (Object.hasOwn(payload, forbidden))
      throw ssfError('RTA_SSF_CLAIMS', `claim ${forbidden} must be absent`);
  }
  const { iss: issuer, jti, iat, toe, txn } = result.data;
  const { eventType, event } = onlyEvent(payload);
  const subId = subjectOf(payload, event, legacy);
  if (!isObject(subId)) throw badClaim('sub_id');
  return {
    issuer,
    jti,
    issuedAtMs: iat * 1000,
    ...(toe === undefined ? {} : { occurredAtMs: toe * 1000 }),
    ...(txn === undefined ? {} : { txn }),
    subId,
    eventType: legacy.has('event-types') ? presentEventType(eventType) : eventType,
    event,
  };
}

/** SSF 1.0 §4.2.1 and the CAEP interoperability profile §2.8.1: one event a token. */
function onlyEvent(payload: JsonObject): Pick<SetClaims, 'eventType' | 'event'> {
  const events = payload['events'];
  if (!isObject(events)) throw badClaim('events');
  const [first, ...others] = Object.entries(events);
  if (first === undefined || others.length > 0)
    throw ssfError('RTA_SSF_CLAIMS', 'events must hold one event');
  const [eventType, event] = first;
  if (!isObject(event)) throw ssfError('RTA_SSF_CLAIMS', 'an event must be a JSON object');
  return { eventType, event };
}

/**
 * Checks that a token is meant for this receiver.
 *
 * @throws RtaError `RTA_SSF_CLAIMS`, `RTA_SSF_AUDIENCE`
 * @see SSF 1.0 §4.1.8
 */
export function checkAudience(aud: JsonValue | undefined, audiences: ReadonlySet<string>): void {
  const named = Array.isArray(aud) ? aud : [aud];
  if (aud !== undefined && !named.every((one) => typeof one === 'string')) throw badClaim('aud');
  if (!named.some((one) => audiences.has(one))) throw ssfError('RTA_SSF_AUDIENCE');
}

/**
 * Checks that a token is neither older than replays are remembered nor from the future.
 *
 * @throws RtaError `RTA_SSF_TIME`
 */
export function checkAge(
  issuedAtMs: number,
  nowMs: number,
  limits: Pick<ReceiverLimits, 'setAgeMs' | 'clockSkewMs'>,
): void {
  if (nowMs - issuedAtMs > limits.setAgeMs)
    throw ssfError('RTA_SSF_TIME', 'the token was issued too long ago');
  if (issuedAtMs - nowMs > limits.clockSkewMs)
    throw ssfError('RTA_SSF_TIME', 'the token was issued in the future');
}

function badClaim(claim: string): Error {
  return ssfError('RTA_SSF_CLAIMS', `claim ${claim} is missing or not of its type`);
}
