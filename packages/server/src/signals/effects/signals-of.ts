import type { Signal, SignalChange } from '@rta/authority';
import {
  CAEP_EVENTS,
  type KnownEvent,
  type OutOfScope,
  type ReceivedEvent,
  type RegisteredTransmitter,
} from '@rta/ssf';
import { reasonForPeople } from './reason.ts';
import { type SubjectMeaning, scopeOf } from './scope.ts';

/** Why an event that was verified changes nothing. */
export type NoEffect =
  /** A type that has no effect here, among them all that nobody knows yet. */
  | 'event-type-unknown'
  /** The subject is named in a way that sessions are not known by. */
  | 'subject-format'
  | OutOfScope;

/** What an event comes to. */
export type Effects = { readonly signals: readonly Signal[] } | { readonly noEffect: NoEffect };

/** What one event says of its subject. */
interface Meaning {
  readonly change: SignalChange;
  /** What a simple subject is the name of. */
  readonly subject: SubjectMeaning;
}

/** Decides what an event means for sessions here: signals of the authority, or nothing. */
export function signalsOf(event: ReceivedEvent, transmitter: RegisteredTransmitter): Effects {
  const meaning = 'unknown' in event.event ? undefined : meaningOf(event.event);
  if (meaning === undefined) return { noEffect: 'event-type-unknown' };
  const scope = scopeOf(event.subject, meaning.subject, transmitter);
  if ('noEffect' in scope) return scope;
  const { id, jti, txn, occurredAtMs, receivedAtMs, sourceTimeMs } = event;
  const reason = reasonOf(event);
  return {
    signals: [
      {
        id,
        source: { issuer: event.transmitter, id: jti, ...(txn === undefined ? {} : { txn }) },
        subject: scope.selector,
        change: meaning.change,
        occurredAtMs,
        receivedAtMs,
        ...(sourceTimeMs > receivedAtMs ? { sourceTimeMs } : {}),
        ...(reason === undefined ? {} : { reason }),
      },
    ],
  };
}

function reasonOf({ event }: ReceivedEvent): string | undefined {
  const texts = 'value' in event && 'reason_admin' in event.value ? event.value.reason_admin : undefined;
  return texts === undefined ? undefined : reasonForPeople(texts);
}

const PRINCIPALS: ReadonlyMap<string, SubjectMeaning> = new Map([
  ['USER', 'user'],
  ['DEVICE', 'device'],
  ['SESSION', 'session'],
]);

function meaningOf(event: KnownEvent): Meaning | undefined {
  switch (event.type) {
    case CAEP_EVENTS.sessionRevoked:
      return { change: { kind: 'session-revoked' }, subject: 'user' };
    case CAEP_EVENTS.credentialChange: {
      const { credential_type: credentialType, change_type: changeType } = event.value;
      return { change: { kind: 'credential-change', credentialType, changeType }, subject: 'user' };
    }
    case CAEP_EVENTS.deviceComplianceChange:
      // A simple subject is the user whose device it is, as the CAEP interoperability profile has it.
      return {
        change: { kind: 'device-compliance-change', current: event.value.current_status },
        subject: 'user',
      };
    case CAEP_EVENTS.riskLevelChange: {
      const { principal, current_level: current } = event.value;
      return {
        change: { kind: 'risk-level-change', principal, current },
        subject: PRINCIPALS.get(principal) ?? 'other',
      };
    }
    default:
      return undefined;
  }
}
