import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of the events port; every adapter translates its own failures to these. */
export const EVENTS_ERRORS = {
  RTA_EVENTS_CLOSED: {
    summary: 'the broker is closed',
    remedy: 'open another one; a closed broker does not come back',
    retryable: false,
    httpStatus: 503,
  },
  RTA_EVENTS_TOO_LARGE: {
    summary: 'the event is larger than the broker takes',
    remedy: 'publish a smaller payload, or raise `eventBytes` at every reader first and then here',
    retryable: false,
    httpStatus: 413,
  },
  RTA_EVENTS_BACKLOG: {
    summary: 'more events wait than may',
    remedy:
      'publisher: wait and publish again; subscriber: events were missed, so load the state afresh and subscribe again',
    retryable: true,
    httpStatus: 503,
  },
  RTA_EVENTS_UNSUPPORTED: {
    summary: 'the broker cannot do what was asked',
    remedy: 'look at `features` before you ask, or choose another broker',
    retryable: false,
  },
  RTA_EVENTS_CURSOR: {
    summary: 'the cursor names no place in this log, or one that is not kept any more',
    remedy: 'load the state afresh and subscribe from the oldest event kept, or from the next',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes that a broker throws. */
export type EventsErrorCode = keyof typeof EVENTS_ERRORS;

/** Makes errors of the events port; adapters use it too. */
export const eventsError = errorFactory(EVENTS_ERRORS);
