import type { JsonObject } from '@rta/core';
import { parseSubject, type ReceivedEvent, type RegisteredTransmitter, securityEvent } from '@rta/ssf';

export const IDP = 'https://idp.example/';
export const JANE = { format: 'iss_sub', iss: IDP, sub: 'jane' };
export const opaque = (id: string): JsonObject => ({ format: 'opaque', id });

/** An event as the receiver hands it on: of half a minute ago, about Jane. */
export function received(
  type: string,
  value: JsonObject = {},
  overrides: Partial<Omit<ReceivedEvent, 'subject'>> & { readonly subject?: JsonObject } = {},
): ReceivedEvent {
  const { subject = JANE, ...others } = overrides;
  return {
    id: 'set:1',
    transmitter: IDP,
    jti: 'jti-1',
    issuedAtMs: 1_767_225_570_000,
    occurredAtMs: 1_767_225_570_000,
    sourceTimeMs: 1_767_225_570_000,
    receivedAtMs: 1_767_225_600_000,
    subject: parseSubject(subject),
    event: securityEvent(type, value),
    set: 'a.b.c',
    ...others,
  };
}

/** A transmitter that may speak of its own users. */
export function transmitter(overrides: Partial<RegisteredTransmitter> = {}): RegisteredTransmitter {
  return {
    issuer: IDP,
    audiences: new Set(['https://rta.example/ssf']),
    eventTypes: undefined,
    subjectIssuers: [IDP],
    tenants: undefined,
    criticalSubjectMembers: new Set(),
    streamId: undefined,
    ...overrides,
  };
}
