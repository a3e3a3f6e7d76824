export type {
  BrokerFeatures,
  Cursor,
  Delivery,
  EventBroker,
  EventEnvelope,
  EventSubscription,
  SubscribeOptions,
} from './event-broker.ts';
