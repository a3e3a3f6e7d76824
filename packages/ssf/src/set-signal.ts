import { createHash } from 'node:crypto';
import type { Signal, SubjectSelector } from '@rta/authority';
import { canonicalJson, toBase64Url } from '@rta/core';
import type { SetClaims } from './claims.ts';
import type { CaepFacts } from './events/caep-event.ts';

/**
 * Names a Security Event Token by its issuer and `jti`, which is unique for its issuer (RFC 8417 §2.2): a digest,
 * so that it has one length whatever a transmitter makes of its `jti`.
 */
export function setId(issuer: string, jti: string): string {
  const digest = createHash('sha256')
    .update(canonicalJson([issuer, jti]))
    .digest();
  return `set:${toBase64Url(digest)}`;
}

/**
 * Makes the signal of an event. The event's own time orders it among others about the same subject; a time after
 * its arrival counts as its arrival, or one token could outweigh all that follow.
 */
export function signalOf(options: {
  readonly claims: SetClaims;
  readonly facts: CaepFacts;
  readonly selector: SubjectSelector;
  readonly receivedAtMs: number;
}): Signal {
  const { claims, facts, selector, receivedAtMs } = options;
  const { issuer, jti, txn, issuedAtMs } = claims;
  const { change, eventTimestamp, reason } = facts;
  const eventTimeMs = eventTimestamp === undefined ? issuedAtMs : eventTimestamp * 1000;
  return {
    id: setId(issuer, jti),
    source: { issuer, id: jti, ...(txn === undefined ? {} : { txn }) },
    subject: selector,
    change,
    occurredAtMs: Math.min(Math.floor(eventTimeMs), receivedAtMs),
    receivedAtMs,
    ...(eventTimeMs > receivedAtMs ? { sourceTimeMs: Math.floor(eventTimeMs) } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
}
