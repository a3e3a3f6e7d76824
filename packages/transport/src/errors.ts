import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of the transport port; every adapter translates its own failures to these. */
export const TRANSPORT_ERRORS = {
  RTA_TRANSPORT_CLOSED: {
    summary: 'the connection is closed',
    remedy: 'connect again; `closed` says why it ended',
    retryable: true,
  },
  RTA_TRANSPORT_STREAM_CLOSED: {
    summary: 'the stream takes no more bytes',
    remedy: 'open another stream',
    retryable: false,
  },
  RTA_TRANSPORT_STREAM_LIMIT: {
    summary: 'the peer allows no more streams now',
    remedy: 'finish streams that are open, or use one that exists',
    retryable: true,
  },
  RTA_TRANSPORT_BUFFER_FULL: {
    summary: 'the peer reads too slowly and the send buffer is full',
    remedy: 'stop writing when `write` returns false and go on at `onWritable`',
    retryable: true,
  },
  RTA_TRANSPORT_UNREACHABLE: {
    summary: 'no answer from the peer',
    remedy: 'check host, port and that UDP is not blocked between you and it',
    retryable: true,
  },
  RTA_TRANSPORT_HANDSHAKE: {
    summary: 'the handshake with the peer failed',
    remedy: 'check that both sides speak the same ALPN',
    retryable: false,
  },
  RTA_TRANSPORT_CERTIFICATE: {
    summary: 'the certificate of the server is not trusted for this name',
    remedy: 'pass the authority that issued it as `ca`, and the name that it was issued for as `serverName`',
    retryable: false,
  },
  RTA_TRANSPORT_CONFIG: {
    summary: 'the transport options are not usable',
    remedy: 'see the details for the option',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes that a transport throws. */
export type TransportErrorCode = keyof typeof TRANSPORT_ERRORS;

export const transportError = errorFactory(TRANSPORT_ERRORS);
