import { OAUTH_EVENTS } from '../events/event-types.ts';
import { type SecurityEvent, securityEvent } from '../events/security-event.ts';
import type { SetClaims } from '../set/claims.ts';
import { setId } from '../set/set-id.ts';
import { parseSubject } from '../subjects/subject-identifier.ts';
import type { ReceivedEvent } from './received-event.ts';
import type { Transmitter } from './registered-transmitter.ts';

const LEGACY_EVENTS: ReadonlySet<string> = new Set(Object.values(OAUTH_EVENTS));

/**
 * Reads the event of a token that was verified. What is not known is kept as it came; what is known and malformed is
 * an error.
 *
 * @throws RtaError `RTA_SSF_SUBJECT`, `RTA_SSF_EVENT`
 */
export function readEvent(
  claims: SetClaims,
  options: {
    readonly transmitter: Pick<Transmitter, 'legacy'>;
    readonly set: string;
    readonly receivedAtMs: number;
  },
): ReceivedEvent {
  const { issuer, jti, txn, issuedAtMs, occurredAtMs = issuedAtMs, subId } = claims;
  const { set, receivedAtMs } = options;
  const subject = parseSubject(subId);
  const event = eventOf(claims, options.transmitter);
  const timestamp =
    'value' in event && 'event_timestamp' in event.value ? event.value.event_timestamp : undefined;
  const sourceTimeMs = toMilliseconds(timestamp === undefined ? occurredAtMs : timestamp * 1000);
  return {
    id: setId(issuer, jti),
    transmitter: issuer,
    jti,
    ...(txn === undefined ? {} : { txn }),
    issuedAtMs: toMilliseconds(issuedAtMs),
    occurredAtMs: Math.min(sourceTimeMs, receivedAtMs),
    sourceTimeMs,
    receivedAtMs,
    subject,
    event,
    set,
  };
}

function eventOf({ eventType, event }: SetClaims, { legacy }: Pick<Transmitter, 'legacy'>): SecurityEvent {
  const isAllowed = legacy.has('oauth-events') || !LEGACY_EVENTS.has(eventType);
  return isAllowed ? securityEvent(eventType, event) : { type: eventType, unknown: event };
}

/** The last time that a `Date` can be. */
const LAST_MS = 8_640_000_000_000_000;

/** A whole number that JSON and arithmetic keep, whatever a transmitter writes. */
function toMilliseconds(time: number): number {
  return Math.min(Math.floor(time), LAST_MS);
}
