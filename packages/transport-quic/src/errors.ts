/**
 * How quiche's and the operating system's failures read in the terms of the transport port, which owns the codes.
 */

import type { RtaError } from '@rta/core';
import { type CloseInfo, type TransportErrorCode, transportError } from '@rta/transport';
import type { Address } from './native.ts';

/** TLS alerts as QUIC error codes: 0x100 and the alert (RFC 9001 §4.8, RFC 8446 §6). */
const TLS_ALERT_FIRST = 0x100;
const TLS_ALERT_LAST = 0x1ff;
/** `bad_certificate`. */
export const TLS_BAD_CERTIFICATE = TLS_ALERT_FIRST + 42;
/** `certificate_expired`. */
export const TLS_CERTIFICATE_EXPIRED = TLS_ALERT_FIRST + 45;
/** `certificate_required`. */
export const TLS_CERTIFICATE_REQUIRED = TLS_ALERT_FIRST + 116;
/** `no_application_protocol`. */
const TLS_NO_APPLICATION_PROTOCOL = TLS_ALERT_FIRST + 120;
/** `bad_certificate` to `unknown_ca`, without `illegal_parameter` (47); and `certificate_required`. */
const TLS_CERTIFICATE_ALERTS = new Set([42, 43, 44, 45, 46, 48, 116].map((alert) => TLS_ALERT_FIRST + alert));
/** The endpoint met an error of its own (RFC 9000 §20.1). */
export const INTERNAL_ERROR = 0x01;
/** The server has no room for the connection (RFC 9000 §20.1). */
export const CONNECTION_REFUSED = 0x02;
/** The token of a Retry packet came back too late, or from elsewhere (RFC 9000 §20.1). */
export const INVALID_TOKEN = 0x0b;

/** Whether a transport code is a TLS alert. */
export function isTlsAlert(code: number): boolean {
  return code >= TLS_ALERT_FIRST && code <= TLS_ALERT_LAST;
}

/** Whether a transport code says that a certificate was refused, or missed. */
export function isCertificateAlert(code: number): boolean {
  return TLS_CERTIFICATE_ALERTS.has(code);
}

/** Why a handshake did not end in a connection. */
export function handshakeError(info: CloseInfo, peer: Address): RtaError<TransportErrorCode> {
  const details = { host: peer.host, port: peer.port, transportCode: info.code };
  if (info.by === 'timeout') return unreachable(peer);
  if (isCertificateAlert(info.code))
    return transportError('RTA_TRANSPORT_CERTIFICATE', undefined, { details });
  if (info.code === CONNECTION_REFUSED) {
    return transportError('RTA_TRANSPORT_UNREACHABLE', 'the server takes no more connections now', {
      details,
    });
  }
  if (info.code === INVALID_TOKEN) {
    return transportError(
      'RTA_TRANSPORT_UNREACHABLE',
      'the server did not take its own proof of our address',
      {
        details,
      },
    );
  }
  if (info.code === TLS_NO_APPLICATION_PROTOCOL) {
    return transportError('RTA_TRANSPORT_HANDSHAKE', 'the server speaks none of the application protocols', {
      details,
    });
  }
  const text = isTlsAlert(info.code)
    ? `TLS alert ${info.code - TLS_ALERT_FIRST}`
    : `transport code ${info.code}`;
  return transportError('RTA_TRANSPORT_HANDSHAKE', `the handshake failed with ${text}`, { details });
}

/** Nobody answered, or the operating system says that nobody will. */
export function unreachable(peer: Address, cause?: unknown): RtaError<TransportErrorCode> {
  return transportError('RTA_TRANSPORT_UNREACHABLE', undefined, {
    details: { host: peer.host, port: peer.port },
    cause,
  });
}
