import { type Diagnostics, diagnostics } from '@rta/core';
import type { StreamStatus } from './stream.ts';
import type { SsfTransmitterErrorCode } from './transmitter-errors.ts';

/** What became of a token, as published on `rta:ssf.delivery`. */
export interface DeliveryDiagnostics {
  readonly stream: string;
  readonly jti: string;
  readonly way: 'push' | 'poll';
  /** `refused`: the receiver says that the token is not good; it is kept for operators and not sent again. */
  readonly outcome: 'delivered' | 'refused' | 'failed';
  /** What the receiver said: an error code of the IANA registry, or an HTTP status. */
  readonly err?: string;
}

/** What became of a stream, as published on `rta:ssf.outbound-stream`. */
export interface OutboundStreamDiagnostics {
  readonly stream: string;
  readonly kind: 'created' | 'changed' | 'deleted' | 'status' | 'fault';
  readonly status?: StreamStatus;
  /** Who brought it about. */
  readonly by: 'receiver' | 'transmitter';
  readonly code?: SsfTransmitterErrorCode;
}

export const deliveryChannel: Diagnostics<DeliveryDiagnostics> = diagnostics('ssf.delivery');
export const outboundStreamChannel: Diagnostics<OutboundStreamDiagnostics> =
  diagnostics('ssf.outbound-stream');

/** The store, or what says who asks, does not answer; '' where that is of no stream in particular. */
export function reportFault(stream: string): void {
  outboundStreamChannel.publish({
    stream,
    kind: 'fault',
    by: 'transmitter',
    code: 'RTA_SSF_TRANSMITTER_UNAVAILABLE',
  });
}
