import { transportError } from './errors.ts';

/** Limits of one connection; every adapter takes these, and keeps to them. */
export interface TransportLimits {
  /** Streams that the peer may have open at once. */
  readonly maxStreamCount: number;
  /** Above this, `write` returns false. */
  readonly highWaterBytes: number;
  /** Bytes that one stream holds for a slow peer; a `write` that would go above is refused. */
  readonly maxBufferedBytes: number;
  /** Largest array given to `onData`. */
  readonly maxChunkBytes: number;
}

/** Defaults of {@link TransportLimits}, and the limits that are not for choosing. */
export const TRANSPORT_LIMITS = {
  /** Room for hundreds of requests in flight, a stream each, while one peer cannot make thousands of objects. */
  maxStreamCount: 256,
  /** About what a 10 Gbit/s path holds in 50 µs: enough to keep the network busy between two turns. */
  highWaterBytes: 65_536,
  /** Sixteen times the high-water mark: who writes on after `write` returned false is stopped here. */
  maxBufferedBytes: 1_048_576,
  /** One read takes at most this, so that one stream does not keep the others waiting. */
  maxChunkBytes: 65_536,
  /** A close reason must fit into the one packet that carries it (RFC 9000 §10.2.3). */
  maxReasonBytes: 256,
} as const;

/**
 * The limits in force: the defaults, with what the caller chose in their place.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for a value that is not a positive integer,
 *   and for a high-water mark above the hard limit.
 */
export function resolveTransportLimits(chosen: Partial<TransportLimits> = {}): TransportLimits {
  const limits: TransportLimits = {
    maxStreamCount: positiveInteger('maxStreamCount', chosen.maxStreamCount),
    highWaterBytes: positiveInteger('highWaterBytes', chosen.highWaterBytes),
    maxBufferedBytes: positiveInteger('maxBufferedBytes', chosen.maxBufferedBytes),
    maxChunkBytes: positiveInteger('maxChunkBytes', chosen.maxChunkBytes),
  };
  if (limits.highWaterBytes > limits.maxBufferedBytes) {
    throw transportError('RTA_TRANSPORT_CONFIG', 'highWaterBytes is above maxBufferedBytes', {
      details: { highWaterBytes: limits.highWaterBytes, maxBufferedBytes: limits.maxBufferedBytes },
    });
  }
  return limits;
}

function positiveInteger(name: keyof TransportLimits, chosen: number | undefined): number {
  const value = chosen ?? TRANSPORT_LIMITS[name];
  if (!Number.isSafeInteger(value) || value < 1) {
    throw transportError('RTA_TRANSPORT_CONFIG', `${name} is not a positive integer`, {
      details: { option: name, value },
    });
  }
  return value;
}
