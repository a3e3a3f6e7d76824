import type { JsonObject } from '@rta/core';
import { z } from 'zod';

/** How events are delivered. @see SSF 1.0 §6.1 */
export const DELIVERY_METHOD = { push: 'urn:ietf:rfc:8935', poll: 'urn:ietf:rfc:8936' } as const;

/** One of {@link DELIVERY_METHOD}. */
export type DeliveryMethod = (typeof DELIVERY_METHOD)[keyof typeof DELIVERY_METHOD];

/** Whether a stream is served. @see SSF 1.0 §8.1.2 */
export const STREAM_STATUSES = ['enabled', 'paused', 'disabled'] as const;

/** One of {@link STREAM_STATUSES}. */
export type StreamStatus = (typeof STREAM_STATUSES)[number];

/** Where the events of a stream go. */
export type Delivery =
  | {
      readonly method: typeof DELIVERY_METHOD.push;
      readonly endpointUrl: string;
      /** Sent verbatim as `Authorization`. A secret. */
      readonly authorizationHeader?: string;
    }
  | { readonly method: typeof DELIVERY_METHOD.poll };

const delivery = z.discriminatedUnion('method', [
  z.strictObject({
    method: z.literal(DELIVERY_METHOD.push),
    endpointUrl: z.string(),
    authorizationHeader: z.string().exactOptional(),
  }),
  z.strictObject({ method: z.literal(DELIVERY_METHOD.poll) }),
]);

const stream = z.strictObject({
  v: z.literal(1),
  id: z.string(),
  receiver: z.string(),
  audience: z.string(),
  delivery,
  eventsRequested: z.array(z.string()).readonly().exactOptional(),
  description: z.string().exactOptional(),
  status: z.enum(STREAM_STATUSES),
  reason: z.string().exactOptional(),
  isFailing: z.literal(true).exactOptional(),
  notice: z.strictObject({ jti: z.string(), set: z.string() }).exactOptional(),
  createdAtMs: z.number(),
  activeAtMs: z.number(),
  verifiedAtMs: z.number().exactOptional(),
});

/** A stream from this transmitter to one receiver, as it is kept. */
export interface OutboundStream {
  readonly v: 1;
  readonly id: string;
  /** Who made it, as the server's `authorize` names them. */
  readonly receiver: string;
  /** `aud` of its tokens; no two streams have the same, so that none of them counts at another receiver. */
  readonly audience: string;
  readonly delivery: Delivery;
  /** Absent: everything that is supported. */
  readonly eventsRequested?: readonly string[];
  readonly description?: string;
  readonly status: StreamStatus;
  readonly reason?: string;
  /** It is paused because pushes to it failed for long; it goes on by itself when one arrives. */
  readonly isFailing?: true;
  /** A `stream-updated` token that goes before everything else, whatever the status is. */
  readonly notice?: { readonly jti: string; readonly set: string };
  readonly createdAtMs: number;
  /** When the receiver was last heard of, to the minute. */
  readonly activeAtMs: number;
  /** When it last asked for a verification. */
  readonly verifiedAtMs?: number;
}

/** Reads a kept stream; undefined where it is not one that this version understands. */
export function parseStream(record: JsonObject): OutboundStream | undefined {
  const result = stream.safeParse(record);
  return result.success ? result.data : undefined;
}

/** A stream as it is kept: plain data, and what is undefined is absent. */
export function streamRecord(kept: OutboundStream): JsonObject {
  return JSON.parse(JSON.stringify(kept)) as JsonObject;
}

/** `events_delivered`: what is both supported and requested. @see SSF 1.0 §8.1.1 */
export function eventsDelivered(
  { eventsRequested }: Pick<OutboundStream, 'eventsRequested'>,
  supported: readonly string[],
): readonly string[] {
  return eventsRequested === undefined
    ? supported
    : supported.filter((type) => eventsRequested.includes(type));
}
