import { z } from 'zod';
import { SSF_LIMITS } from '../limits.ts';
import { type Delivery, STREAM_STATUSES, type StreamStatus } from '../transmitter/stream.ts';
import { ssfClientError } from './client-errors.ts';
import { SSF_CLIENT_LIMITS } from './client-limits.ts';

/** What a receiver says of its stream. What is absent stays as it is when a stream is updated. */
export interface StreamRequest {
  readonly delivery?: Delivery;
  /** URIs of event types. */
  readonly eventsRequested?: readonly string[];
  readonly description?: string;
}

/** A stream as the transmitter describes it. @see SSF 1.0 §8.1.1 */
export interface StreamConfiguration {
  readonly streamId: string;
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly delivery: { readonly method: string; readonly endpointUrl?: string };
  readonly eventsSupported?: readonly string[];
  readonly eventsRequested?: readonly string[];
  readonly eventsDelivered?: readonly string[];
  readonly description?: string;
  /** The shortest time between two verifications. */
  readonly minVerificationIntervalMs?: number;
  /** After so long without a request the transmitter may pause, disable or delete the stream. */
  readonly inactivityTimeoutMs?: number;
}

const name = z.string().min(1).max(SSF_LIMITS.nameCharacters);
const types = z.array(name).max(SSF_CLIENT_LIMITS.eventTypesCount);
/** Seconds, of which any number is survived; what is no such number says nothing. */
const seconds = z.number().positive().optional().catch(undefined);

const configuration = z.object({
  stream_id: name,
  iss: name,
  aud: z.union([name, z.array(name).min(1).max(SSF_CLIENT_LIMITS.streamsCount)]),
  delivery: z.object({ method: name, endpoint_url: name.nullish() }),
  events_supported: types.nullish(),
  events_requested: types.nullish(),
  events_delivered: types.nullish(),
  description: z.string().max(SSF_LIMITS.nameCharacters).optional().catch(undefined),
  min_verification_interval: seconds,
  inactivity_timeout: seconds,
});

/**
 * Reads the description of a stream.
 *
 * @param expected - the issuer that was asked; a stream of another one is not used. `audience`: what `aud` must hold.
 * @throws RtaError `RTA_SSF_STREAM_ANSWER`, `RTA_SSF_STREAM_ISSUER`, `RTA_SSF_STREAM_AUDIENCE`
 * @see SSF 1.0 §8.1.1.1.1
 */
export function parseStreamConfiguration(
  json: unknown,
  expected: { readonly issuer: string; readonly audience?: string | undefined },
): StreamConfiguration {
  const result = configuration.safeParse(json);
  if (!result.success) {
    const member = result.error.issues[0]?.path.join('.') ?? '';
    throw ssfClientError(
      'RTA_SSF_STREAM_ANSWER',
      `member ${member} of the stream is missing or not of its type`,
    );
  }
  const found = result.data;
  if (found.iss !== expected.issuer) throw ssfClientError('RTA_SSF_STREAM_ISSUER');
  const audience = typeof found.aud === 'string' ? [found.aud] : found.aud;
  if (expected.audience !== undefined && !audience.includes(expected.audience)) {
    throw ssfClientError('RTA_SSF_STREAM_AUDIENCE');
  }
  const { method, endpoint_url: endpointUrl } = found.delivery;
  return {
    streamId: found.stream_id,
    issuer: found.iss,
    audience,
    delivery: { method, ...(typeof endpointUrl === 'string' ? { endpointUrl } : {}) },
    ...(found.events_supported ? { eventsSupported: found.events_supported } : {}),
    ...(found.events_requested ? { eventsRequested: found.events_requested } : {}),
    ...(found.events_delivered ? { eventsDelivered: found.events_delivered } : {}),
    ...(found.description === undefined ? {} : { description: found.description }),
    ...(found.min_verification_interval === undefined
      ? {}
      : { minVerificationIntervalMs: found.min_verification_interval * 1000 }),
    ...(found.inactivity_timeout === undefined
      ? {}
      : { inactivityTimeoutMs: found.inactivity_timeout * 1000 }),
  };
}

/** What is sent of a request. @see SSF 1.0 §8.1.1.1 */
export function streamRequestJson({ delivery, eventsRequested, description }: StreamRequest): object {
  return {
    ...(delivery === undefined
      ? {}
      : {
          delivery: {
            method: delivery.method,
            ...('endpointUrl' in delivery ? { endpoint_url: delivery.endpointUrl } : {}),
            ...('authorizationHeader' in delivery
              ? { authorization_header: delivery.authorizationHeader }
              : {}),
          },
        }),
    ...(eventsRequested === undefined ? {} : { events_requested: eventsRequested }),
    ...(description === undefined ? {} : { description }),
  };
}

const status = z.object({ status: z.enum(STREAM_STATUSES) });

/**
 * Reads the status of a stream.
 *
 * @throws RtaError `RTA_SSF_STREAM_ANSWER`
 */
export function parseStreamStatus(json: unknown): StreamStatus {
  const result = status.safeParse(json);
  if (result.success) return result.data.status;
  throw ssfClientError('RTA_SSF_STREAM_ANSWER', 'the status of the stream is none of those that there are');
}
