import type { JsonObject, JsonValue } from '@rta/core';
import { SSF_EVENTS } from '../events/event-types.ts';
import { isObject } from './strict-json.ts';

/**
 * Shapes from before SSF 1.0 that transmitters still use. Each is accepted of a transmitter only where it is switched
 * on for it.
 *
 * - `header-type`: `typ` of the header is another one, or absent.
 * - `subject-in-event`: the subject stands in the event as `subject`, where there is no `sub_id`; its format may be
 *   called `subject_type`, with the names of the first drafts.
 * - `event-types`: events of a stream under the URIs of the SSE drafts and of RISC.
 * - `oauth-events`: event types of the OAuth draft, `tokens-revoked`.
 */
export const LEGACY_SHAPES = ['header-type', 'subject-in-event', 'event-types', 'oauth-events'] as const;

/** One of {@link LEGACY_SHAPES}. */
export type LegacyShape = (typeof LEGACY_SHAPES)[number];

const FORMATS: ReadonlyMap<JsonValue | undefined, string> = new Map([
  ['iss-sub', 'iss_sub'],
  ['iss_sub', 'iss_sub'],
  ['id-token-claims', 'iss_sub'],
  ['id_token_claims', 'iss_sub'],
  ['email', 'email'],
  ['phone', 'phone_number'],
  ['phone_number', 'phone_number'],
  ['phone-number', 'phone_number'],
  ['account', 'account'],
  ['opaque', 'opaque'],
  ['jwt-id', 'jwt_id'],
]);

/** Where a token says whom it is about. */
export function subjectOf(
  payload: JsonObject,
  event: JsonObject,
  legacy: ReadonlySet<LegacyShape>,
): JsonValue | undefined {
  const { sub_id: subId } = payload;
  const { subject } = event;
  if (subId !== undefined || !legacy.has('subject-in-event') || !isObject(subject)) return subId;
  const { subject_type: type, ...members } = subject;
  if (members['format'] !== undefined || type === undefined) return subject;
  const phone = members['phone'] ?? members['phone_number'];
  return {
    ...members,
    format: FORMATS.get(type) ?? type,
    ...(phone === undefined ? {} : { phone_number: phone }),
  };
}

const EVENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['https://schemas.openid.net/secevent/sse/event-type/verification', SSF_EVENTS.verification],
  ['https://schemas.openid.net/secevent/sse/event-type/stream-updated', SSF_EVENTS.streamUpdated],
  ['https://schemas.openid.net/secevent/risc/event-type/verification', SSF_EVENTS.verification],
]);

/** The URI that an event type has in SSF 1.0. */
export function presentEventType(type: string): string {
  return EVENT_TYPES.get(type) ?? type;
}
