import type { Signal } from '@rta/authority';
import { type NoEffect, scopeOf } from './authority.ts';
import type { SetClaims } from './claims.ts';
import { findCaepEvent } from './events/caep-event-types.ts';
import { VERIFICATION_EVENT_TYPE, type VerificationStates } from './events/verification.ts';
import { signalOf } from './set-signal.ts';
import { parseSubject } from './subjects.ts';
import type { Transmitter } from './transmitter.ts';

/** What a verified token comes to. */
export type Judgement = { readonly signal: Signal } | { readonly noEffect: NoEffect };

/**
 * Decides what a verified token means: a signal, or nothing. What is not known, and what the transmitter may not
 * say, is no error: it is acknowledged and has no effect (SSF 1.0 §4.2.3, §9.3). What is known and malformed is one.
 *
 * @throws RtaError `RTA_SSF_SUBJECT`, `RTA_SSF_EVENT`, `RTA_SSF_STATE`
 */
export function judgeSet(
  claims: SetClaims,
  options: {
    readonly transmitter: Transmitter;
    readonly verifications: VerificationStates;
    readonly receivedAtMs: number;
  },
): Judgement {
  const { transmitter, verifications, receivedAtMs } = options;
  const { eventType, event, subId } = claims;
  const subject = parseSubject(subId);
  if (eventType === VERIFICATION_EVENT_TYPE) {
    verifications.check(event, subId);
    return { noEffect: 'verification' };
  }
  const caepEvent = findCaepEvent(eventType);
  if (caepEvent === undefined) return { noEffect: 'event-type-unknown' };
  const facts = caepEvent.read(event);
  if (!transmitter.eventTypes.has(eventType)) return { noEffect: 'event-type-not-allowed' };
  const scope = scopeOf(subject, facts.meaning, transmitter);
  if ('noEffect' in scope) return scope;
  return { signal: signalOf({ claims, facts, selector: scope.selector, receivedAtMs }) };
}
