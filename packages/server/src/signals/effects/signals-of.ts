import type { Signal } from '@rta/authority';
import type { OutOfScope, ReceivedEvent, RegisteredTransmitter } from '@rta/ssf';
import { meaningOf } from './meaning-of.ts';
import { reasonForPeople } from './reason.ts';
import { scopeOf } from './scope.ts';

/** Why an event that was verified changes nothing. */
export type NoEffect =
  /** A type that has no effect here, among them all that nobody knows yet. */
  | 'event-type-unknown'
  /** It changes more claims than are taken in, or longer ones. */
  | 'claims-too-large'
  /** The subject is named in a way that sessions are not known by. */
  | 'subject-format'
  | OutOfScope;

/** What an event comes to: without a signal, it is only kept on record. */
export type Effects = { readonly signals: readonly Signal[] } | { readonly noEffect: NoEffect };

/**
 * Decides what an event means for sessions here: signals of the authority, or nothing. The first signal has the id of
 * the event, and each other one that id with `#` and what it is about.
 */
export function signalsOf(event: ReceivedEvent, transmitter: RegisteredTransmitter): Effects {
  if ('unknown' in event.event) return { noEffect: 'event-type-unknown' };
  const meaning = meaningOf(event.event);
  if (meaning === undefined) {
    return { noEffect: 'claims' in event.event.value ? 'claims-too-large' : 'event-type-unknown' };
  }
  if (meaning.changes.length === 0) return { signals: [] };
  if (meaning.formats?.includes(event.subject.format) === false) return { noEffect: 'subject-format' };
  const scope = scopeOf(event.subject, meaning.subject, transmitter);
  if ('noEffect' in scope) return scope;
  const { id, jti, txn, occurredAtMs, receivedAtMs, sourceTimeMs } = event;
  const reason = reasonOf(event);
  const common = {
    source: { issuer: event.transmitter, id: jti, ...(txn === undefined ? {} : { txn }) },
    subject: scope.selector,
    occurredAtMs,
    receivedAtMs,
    ...(sourceTimeMs > receivedAtMs ? { sourceTimeMs } : {}),
    ...(reason === undefined ? {} : { reason }),
  };
  return { signals: meaning.changes.map(({ part, change }) => ({ ...common, id: `${id}${part}`, change })) };
}

function reasonOf({ event }: ReceivedEvent): string | undefined {
  const texts = 'value' in event && 'reason_admin' in event.value ? event.value.reason_admin : undefined;
  return texts === undefined ? undefined : reasonForPeople(texts);
}
