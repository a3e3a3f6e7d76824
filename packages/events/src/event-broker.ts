import type { JsonObject } from '@rta/core';

/** A place in a broker's log; opaque, and good only for the broker that gave it. */
export type Cursor = string;

/** What is published. */
export interface EventEnvelope {
  /** Unique for its publisher; a consumer applies an id once, however often it is delivered. */
  readonly id: string;
  /** Events of one key arrive in the order of publication. At most 256 characters. */
  readonly key: string;
  /** What kind of event it is, e.g. `signal` or `heartbeat`. */
  readonly type: string;
  readonly payload: JsonObject;
}

/** An event as a subscriber receives it. */
export interface Delivery {
  readonly event: EventEnvelope;
  /** Subscribe from here to receive what came after this event. */
  readonly cursor: Cursor;
}

/** What a broker can do; the contract suite holds it to this. */
export interface BrokerFeatures {
  /** A subscription can start at a cursor or at the start of what is kept. */
  readonly replay: boolean;
  /** Events survive the process that published them. */
  readonly durable: boolean;
  /** Subscribers in other processes receive events. */
  readonly shared: boolean;
}

/** Where to start reading, and who is told. */
export interface SubscribeOptions {
  /** Where to start: after a cursor, at the oldest event kept, or with the next one published (the default). */
  readonly from?: { readonly after: Cursor } | 'oldest' | 'next';
  /**
   * Called for each event, one at a time and in order per key; the next waits for the returned promise.
   * A handler that throws ends the subscription with the error.
   */
  readonly onEvent: (delivery: Delivery) => void | Promise<void>;
}

/** A running subscription. */
export interface EventSubscription extends AsyncDisposable {
  /**
   * Resolves when the subscription was closed; rejects with the error that ended it: what `onEvent` threw, or
   * `RTA_EVENTS_BACKLOG` where events were missed. Watch it: a subscription that ended hears of nothing.
   */
  readonly ended: Promise<void>;
  /**
   * Stops after the event that is being handled, and resolves when that is done; so do not await it in `onEvent`.
   * Idempotent.
   */
  close(): Promise<void>;
}

/** The port to an event broker: an ordered, at-least-once log with many independent readers. */
export interface EventBroker extends AsyncDisposable {
  readonly features: BrokerFeatures;
  /**
   * Publishes an event.
   *
   * @returns its place in the log, once it is as durable as the broker makes it (invariant I2).
   * @throws RtaError `RTA_EVENTS_CLOSED`, `RTA_EVENTS_TOO_LARGE`, `RTA_EVENTS_BACKLOG`;
   *   RangeError for a key that is too long; the signal's reason where it was aborted before.
   */
  publish(event: EventEnvelope, options?: { readonly signal?: AbortSignal }): Promise<Cursor>;
  /**
   * Reads events until closed.
   *
   * @throws RtaError `RTA_EVENTS_CLOSED`; `RTA_EVENTS_UNSUPPORTED` where `from` needs replay and the broker has
   *   none; `RTA_EVENTS_CURSOR` where the cursor is not known (any more).
   */
  subscribe(options: SubscribeOptions): Promise<EventSubscription>;
  /** Ends subscriptions as their `close` does, and lets go of everything. Idempotent. */
  close(): Promise<void>;
}
