import type { JsonObject } from '@rta/core';
import { z } from 'zod';
import { ssfError } from '../errors.ts';
import { CAEP_SCHEMAS } from './caep-events.ts';
import { OAUTH_EVENTS } from './event-types.ts';
import type { EventValues } from './event-values.ts';
import { RISC_MEMBERS } from './members.ts';
import { RISC_SCHEMAS } from './risc-events.ts';
import { SCIM_SCHEMAS } from './scim-events.ts';
import { SSF_SCHEMAS } from './ssf-events.ts';

const SCHEMAS = {
  ...CAEP_SCHEMAS,
  ...RISC_SCHEMAS,
  ...SSF_SCHEMAS,
  ...SCIM_SCHEMAS,
  [OAUTH_EVENTS.tokensRevoked]: z.object({ ...RISC_MEMBERS }),
} as const satisfies { readonly [Type in KnownEventType]: z.ZodType<EventValues[Type]> };

/** URI of an event type that this package knows. */
export type KnownEventType = keyof EventValues;

/** Members of the events of a type, by the names of its specification. */
export type EventValue<Type extends KnownEventType> = EventValues[Type];

/** One event of a known type. */
export type KnownEvent = {
  readonly [Type in KnownEventType]: { readonly type: Type; readonly value: EventValue<Type> };
}[KnownEventType];

/** One event: of a known type with its members, or of another one as it came. */
export type SecurityEvent = KnownEvent | { readonly type: string; readonly unknown: JsonObject };

/** Whether this package knows an event type. */
export function isKnownEventType(type: string): type is KnownEventType {
  return Object.hasOwn(SCHEMAS, type);
}

/**
 * Makes an event, of a transmitter or out of a token. Members that its type does not know are left out
 * (SSF 1.0 §4.2.3), and so are those that only describe and are malformed.
 *
 * @throws RtaError `RTA_SSF_EVENT` where a member is missing or has a value that is not allowed; it names the member
 *   and never its value (invariant I10).
 */
export function securityEvent(type: string, value: JsonObject): SecurityEvent {
  if (!isKnownEventType(type)) return { type, unknown: value };
  const result = SCHEMAS[type].safeParse(value);
  if (!result.success) {
    const member = String(result.error.issues[0]?.path[0] ?? '');
    const name = type.slice(Math.max(type.lastIndexOf('/'), type.indexOf('event:') + 5) + 1);
    throw ssfError(
      'RTA_SSF_EVENT',
      `${name}: member ${member} is missing or has a value that is not allowed`,
    );
  }
  const known = Object.entries(result.data).filter(([, member]) => member !== undefined);
  // The schema is that of the type, which the compiler cannot follow through the table.
  return { type, value: Object.fromEntries(known) } as KnownEvent;
}
