import { utf8 } from '@rta/core';
import { eventsError } from './errors.ts';
import type { EventEnvelope } from './event-broker.ts';
import type { EventsLimits } from './limits.ts';

/** An event that nobody can change any more, and its size. */
export interface SealedEnvelope {
  readonly event: EventEnvelope;
  /** As UTF-8 JSON. */
  readonly bytes: number;
}

/**
 * Copies an event so that neither its publisher nor a subscriber can change what the others see.
 *
 * @throws RangeError for a key that is too long; RtaError `RTA_EVENTS_TOO_LARGE`.
 */
export function sealEnvelope(
  { id, key, type, payload }: EventEnvelope,
  limits: Pick<EventsLimits, 'eventBytes' | 'keyCharacters'>,
): SealedEnvelope {
  if (key.length > limits.keyCharacters) {
    throw new RangeError(
      `an event's key has at most ${limits.keyCharacters} characters, this one has ${key.length}`,
    );
  }
  const text = JSON.stringify({ id, key, type, payload });
  const bytes = utf8(text).byteLength;
  if (bytes > limits.eventBytes) {
    throw eventsError('RTA_EVENTS_TOO_LARGE', `an event has at most ${limits.eventBytes} bytes`, {
      details: { bytes, limit: limits.eventBytes },
    });
  }
  // The text came from an envelope three lines above.
  return { event: deepFreeze(JSON.parse(text) as EventEnvelope), bytes };
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
