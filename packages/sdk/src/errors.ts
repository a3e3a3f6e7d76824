import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of `@rta/sdk`. */
export const SDK_ERRORS = {
  RTA_SDK_DENIED: {
    summary: 'the action was denied',
    remedy: 'look at `cause` in the details: DENIAL_REMEDIES of @rta/sdk says for each what to do next',
    retryable: false,
  },
  RTA_SDK_REVOKED: {
    summary: 'the session was ended',
    remedy: 'stop what you are doing; the user has to sign in again before you may go on',
    retryable: false,
  },
  RTA_SDK_DISCONNECTED: {
    summary: 'the connection to the server is gone, and with it the right to act',
    remedy: 'connect again and bind the session with its key',
    retryable: true,
  },
  RTA_SDK_TIMEOUT: {
    summary: 'the server did not answer in time',
    remedy: 'treat the action as denied, and try again',
    retryable: true,
  },
  RTA_SDK_REFUSED: {
    summary: 'the server refused the request',
    remedy: 'look at `serverCode` in the details, and for it in docs/errors.md',
    retryable: false,
  },
  RTA_SDK_PROTOCOL: {
    summary: 'the server sent something that is not rta/1',
    remedy: 'check that client and server are of versions that fit',
    retryable: false,
  },
  RTA_SDK_ENDPOINT: {
    summary: 'the address of the server is not `host:port`',
    remedy: 'pass what the server tells as its agent endpoint, e.g. `rta.example.com:4433`',
    retryable: false,
  },
  RTA_SDK_UNREACHABLE: {
    summary: 'the server could not be reached over any transport',
    remedy:
      'look at `cause.errors`, one for each transport; check host, port, and what firewalls let through',
    retryable: true,
  },
  RTA_SDK_QUIC_UNAVAILABLE: {
    summary: 'there is no QUIC on this platform',
    remedy: 'let `websocket` be among the transports; packages/transport-quic/README.md lists the platforms',
    retryable: false,
  },
  RTA_SDK_CANNOT_MIGRATE: {
    summary: 'the connection cannot go on from another address',
    remedy: 'only QUIC can; over WebSocket, connect again and bind the sessions',
    retryable: false,
  },
  RTA_SDK_SAVED_SESSION: {
    summary: 'the saved session cannot be read',
    remedy: 'pass what `session.save()` returned; where it is lost or damaged, exchange anew',
    retryable: false,
  },
  RTA_SDK_OVERLOAD: {
    summary: 'more requests wait for answers than the SDK keeps',
    remedy: 'await answers before asking more',
    retryable: true,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/sdk` throws. */
export type SdkErrorCode = keyof typeof SDK_ERRORS;

export const sdkError = errorFactory(SDK_ERRORS);
