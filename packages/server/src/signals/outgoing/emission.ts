import type { OutgoingEvent } from '@rta/ssf';
import { reportFault } from '../../diagnostics.ts';
import { serverError } from '../../errors.ts';
import { SERVER_LIMITS } from '../../limits.ts';

/** Events on their way to the outbox. Nobody waits for them, and nothing fails with them. */
export interface Emission {
  /** Keeps an event for those that it is for, soon. What cannot be kept is reported as a fault. */
  send(event: OutgoingEvent): void;
  /** Resolves when nothing is on its way. */
  drained(): Promise<void>;
}

/** Events that are put into the outbox at once; those of one stream keep their order. */
const IN_FLIGHT_COUNT = 32;

/** Makes the emission. @param emit - called in the order of the events. */
export function createEmission(emit: (event: OutgoingEvent) => Promise<void>): Emission {
  const queue: OutgoingEvent[] = [];
  let taken = 0;
  let inFlight = 0;
  let isFull = false;
  let idle: PromiseWithResolvers<void> | undefined;

  const put = async (event: OutgoingEvent): Promise<void> => {
    try {
      await emit(event);
    } catch (error) {
      reportFault('events', error);
    }
    inFlight -= 1;
    go();
  };
  const go = (): void => {
    while (inFlight < IN_FLIGHT_COUNT) {
      const event = queue[taken];
      if (event === undefined) break;
      taken += 1;
      inFlight += 1;
      void put(event);
    }
    if (taken < queue.length) return;
    queue.length = 0;
    taken = 0;
    isFull = false;
    if (inFlight > 0) return;
    idle?.resolve();
    idle = undefined;
  };

  return {
    send(event) {
      if (queue.length - taken < SERVER_LIMITS.maxOutgoingEvents) {
        queue.push(event);
        go();
      } else if (!isFull) {
        // Once, and not for each event that is lost.
        isFull = true;
        reportFault('events', serverError('RTA_SERVER_EVENTS_LOST'));
      }
    },
    drained() {
      if (inFlight === 0) return Promise.resolve();
      idle ??= Promise.withResolvers();
      return idle.promise;
    },
  };
}
