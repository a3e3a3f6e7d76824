import type { Authority, Session, SessionEffect } from '@rta/authority';
import type { Clock } from '@rta/core';
import type { IssuerOptions } from '@rta/idp';
import { CAEP_EVENTS, createTransmitter, type EventTransmitter, type SetSigner } from '@rta/ssf';
import type { Store } from '@rta/store';
import { createEmission } from './outgoing/emission.ts';
import { createEventReceivers } from './outgoing/receivers.ts';
import { establishedEvent, eventsOf, presentedEvent, SESSION_EVENTS } from './outgoing/session-events.ts';

/** Tells others what happens to sessions (docs/guides/send-security-events.md). */
export interface EventTransmissionOptions {
  /** What the access tokens of receivers are for: none of the audiences of tokens that agents exchange. */
  readonly audience: string;
  /** The first signs; all are published. */
  readonly signers: readonly [SetSigner, ...SetSigner[]];
  /** Also tells of every use of a session; false by default: that is one event for each action. */
  readonly sessionPresented?: boolean;
  /** Whether a stream hears of everybody, or of those alone who were added to it; `ALL` by default. */
  readonly defaultSubjects?: 'ALL' | 'NONE';
  /** Streams of receivers that are not heard of for so long are paused; never by default. */
  readonly inactivityTimeoutMs?: number;
  /** Lets push endpoints have private addresses: for closed networks. */
  readonly allowPrivateAddresses?: boolean;
  /** Lets push endpoints be `http` on the loopback interface: for development. */
  readonly allowLoopbackHttp?: boolean;
}

/** Sends events about sessions. None of its calls waits or fails. */
export interface EventTransmission {
  readonly transmitter: EventTransmitter;
  /** What the authority has brought about. */
  follow(effects: readonly SessionEffect[]): void;
  opened(session: Session): void;
  /** Undefined where nobody is told of it. */
  readonly presented: ((session: Session) => void) | undefined;
  /** Keeps what is on its way, and ends deliveries. */
  close(): Promise<void>;
}

/**
 * Opens the transmission of a node.
 *
 * An event of another transmitter that follows from one of ours finds sessions as they are already: it has no effect, so
 * nothing is sent, and no loop comes about.
 *
 * @throws TypeError for options that are not usable; RtaError of the store.
 */
export async function openEventTransmission(
  options: EventTransmissionOptions & {
    readonly issuer: string;
    readonly node: string;
    readonly issuers: readonly IssuerOptions[];
    readonly store: Store;
    readonly authority: Pick<Authority, 'signInCutOffOf'>;
    readonly clock: Clock;
    /** Whose events are received. */
    readonly receivedFrom: readonly string[];
  },
): Promise<EventTransmission> {
  const { store, clock, sessionPresented = false } = options;
  if (options.receivedFrom.includes(options.issuer)) {
    throw new TypeError(`${options.issuer} sends events: it cannot be a transmitter that it receives from`);
  }
  const receivers = createEventReceivers(options);
  const transmitter = await createTransmitter({
    ...options,
    streams: store.streams,
    outbox: store.outbox,
    isShared: store.features.shared,
    authorize: receivers.authorize,
    eventsSupported: sessionPresented ? [...SESSION_EVENTS, CAEP_EVENTS.sessionPresented] : SESSION_EVENTS,
  });
  const emission = createEmission(transmitter.emit);
  return {
    transmitter,
    follow(effects) {
      for (const effect of effects) {
        for (const event of eventsOf(effect, clock.now())) emission.send(event);
      }
    },
    opened: (session) => emission.send(establishedEvent(session)),
    presented: sessionPresented
      ? (session) => emission.send(presentedEvent(session, clock.now()))
      : undefined,
    async close() {
      await emission.drained();
      await transmitter.close();
      await receivers.close();
    },
  };
}
