import { createMemoryBroker, type Delivery, type EventBroker, eventsError } from '@rta/events';
import { eventsContract } from '../src/index.ts';

eventsContract({ name: 'the memory broker', open: () => createMemoryBroker() });

eventsContract({
  name: 'a memory broker with a short log',
  open: () => createMemoryBroker({ limits: { retainedCount: 70, eventBytes: 2_000 } }),
});

eventsContract({ name: 'a broker that delivers more than once', open: createRepeatingBroker });

eventsContract({ name: 'a broker without replay', open: createForgetfulBroker });

/** Delivers each event again before the next one: at least once allows that. */
function createRepeatingBroker(): EventBroker {
  const inner = createMemoryBroker();
  return {
    ...inner,
    subscribe(options) {
      let last: Delivery | undefined;
      return inner.subscribe({
        ...options,
        onEvent: async (delivery) => {
          if (last !== undefined) await options.onEvent(structuredClone(last));
          last = delivery;
          await options.onEvent(delivery);
        },
      });
    },
  };
}

/** Says that it cannot replay, and does not. */
function createForgetfulBroker(): EventBroker {
  const inner = createMemoryBroker();
  return {
    ...inner,
    features: { replay: false, durable: false, shared: false },
    async subscribe(options) {
      if (options.from !== undefined && options.from !== 'next') throw eventsError('RTA_EVENTS_UNSUPPORTED');
      return inner.subscribe(options);
    },
  };
}
