import { type Clock, isRtaError } from '@rta/core';
import type { TransportConnection } from '@rta/transport';
import type { ClientCore } from './client-core.ts';
import { codeOf, sdkDiagnostics } from './diagnostics.ts';
import type { Dialer, TransportName } from './dialer.ts';
import { sdkError } from './errors.ts';
import { SDK_LIMITS } from './limits.ts';
import { race } from './race.ts';
import { returnToQuic } from './return-to-quic.ts';

/** What a client tries, in the order of preference. */
const DEFAULT_TRANSPORTS: readonly TransportName[] = ['quic', 'websocket'];

/** A server that was reached. */
export interface Reached<Kind, Winner> {
  readonly kind: Kind;
  readonly winner: Winner;
  /** Whether the client would rather be on QUIC, and QUIC may come back. */
  readonly wantsQuic: boolean;
}

/**
 * The transports to try.
 *
 * @throws RangeError for an empty list, or one with a name twice.
 */
export function checkTransports(chosen = DEFAULT_TRANSPORTS): readonly TransportName[] {
  if (chosen.length === 0 || new Set(chosen).size !== chosen.length) {
    throw new RangeError('transports must name one or more transports, each once');
  }
  return chosen;
}

/**
 * Reaches a server over the first transport that answers; the first of the list has a head start.
 *
 * What one transport says of the server's certificate holds for all: it is not tried away (invariant I1). Whoever
 * drops the packets of one transport gains nothing either, since the others are secured in the same way.
 *
 * @param start - begins one attempt.
 * @throws RtaError `RTA_TRANSPORT_CERTIFICATE`, `RTA_TRANSPORT_CONFIG` at once; the error of the only transport, or
 *   `RTA_SDK_UNREACHABLE`, whose cause is an AggregateError with the errors of all.
 */
export async function reach<Winner extends { readonly connection: TransportConnection }>(options: {
  readonly transports: readonly TransportName[];
  readonly start: (kind: TransportName, signal: AbortSignal) => Promise<Winner>;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}): Promise<Reached<TransportName, Winner>> {
  const { transports, start, signal } = options;
  const { kind, winner, failures } = await race<TransportName, Winner>({
    attempts: transports.map((kind) => ({ kind, start: (stop) => start(kind, stop) })),
    headStartMs: SDK_LIMITS.quicHeadStartMs,
    clock: options.clock,
    isFinal: (error) =>
      isRtaError(error, 'RTA_TRANSPORT_CERTIFICATE') || isRtaError(error, 'RTA_TRANSPORT_CONFIG'),
    discard: ({ connection }) => void connection.close(),
    allFailed,
    ...(signal === undefined ? {} : { signal }),
  });
  const [preferred = kind] = transports;
  const failure = failures.get(preferred);
  if (kind !== preferred) {
    const because = failures.has(preferred) ? codeOf(failure) : 'slow';
    sdkDiagnostics.publish({ fact: 'fallback', from: preferred, to: kind, because });
  }
  return {
    kind,
    winner,
    wantsQuic: preferred === 'quic' && kind !== 'quic' && !isRtaError(failure, 'RTA_SDK_QUIC_UNAVAILABLE'),
  };
}

function allFailed(failures: ReadonlyMap<TransportName, unknown>): unknown {
  const errors = [...failures.values()];
  if (errors.length === 1) return errors[0];
  return sdkError('RTA_SDK_UNREACHABLE', undefined, {
    details: { transports: [...failures].map(([kind, error]) => `${kind}: ${codeOf(error)}`) },
    cause: new AggregateError(errors, 'no transport reached the server'),
  });
}

/** Has a client go over to QUIC as soon as it can, where it would rather be there. */
export function preferQuic(options: {
  readonly wantsQuic: boolean;
  readonly core: ClientCore;
  readonly dialer: Dialer;
  readonly clock: Clock;
}): void {
  const { core, dialer, clock } = options;
  if (!options.wantsQuic) return;
  returnToQuic({ dial: (signal) => dialer.quic(signal), move: core.move, closed: core.closed, clock });
}
