export { EVENTS_ERRORS, type EventsErrorCode, eventsError } from './errors.ts';
export type {
  BrokerFeatures,
  Cursor,
  Delivery,
  EventBroker,
  EventEnvelope,
  EventSubscription,
  SubscribeOptions,
} from './event-broker.ts';
export { EVENTS_LIMITS, type EventsLimits } from './limits.ts';
export { createMemoryBroker, type MemoryBrokerOptions } from './memory-broker.ts';
