import type { JsonObject, JsonValue } from '@rta/core';
import { z } from 'zod';
import { parseStrictObject } from '../set/strict-json.ts';
import { DELIVERY_METHOD, STREAM_STATUSES } from './stream.ts';
import { transmitterError } from './transmitter-errors.ts';
import { SSF_TRANSMITTER_LIMITS } from './transmitter-limits.ts';

const { textCharacters, urlCharacters, authorizationHeaderCharacters, eventsRequestedCount } =
  SSF_TRANSMITTER_LIMITS;
const { pollAcknowledgementCount } = SSF_TRANSMITTER_LIMITS;
const text = z.string().min(1).max(textCharacters);
const url = z.string().min(1).max(urlCharacters);
const json: z.ZodType<JsonValue> = z.json();
const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), json);

/** What a receiver says of the delivery of its stream. @see SSF 1.0 §6.1 */
const delivery = z.discriminatedUnion('method', [
  z.object({
    method: z.literal(DELIVERY_METHOD.push),
    endpoint_url: url,
    authorization_header: z
      .string()
      .min(1)
      .max(authorizationHeaderCharacters)
      // What is sent verbatim must not become another header; RFC 9110 §5.5 leaves ASCII.
      .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/)
      .exactOptional(),
  }),
  z.object({ method: z.literal(DELIVERY_METHOD.poll), endpoint_url: url.exactOptional() }),
]);

/** Members that a receiver sets. */
const receiverMembers = {
  events_requested: z.array(text).max(eventsRequestedCount).exactOptional(),
  delivery: delivery.exactOptional(),
  description: text.exactOptional(),
};

/** Members that the transmitter sets; who says them must say what they are. */
export const TRANSMITTER_MEMBERS = [
  'iss',
  'aud',
  'events_supported',
  'events_delivered',
  'min_verification_interval',
  'inactivity_timeout',
] as const;

const transmitterMembers = Object.fromEntries(
  TRANSMITTER_MEMBERS.map((name) => [name, json.optional()]),
) as Readonly<Record<(typeof TRANSMITTER_MEMBERS)[number], z.ZodOptional<z.ZodType<JsonValue>>>>;

const streamId = z.string().min(1).max(64);

/** Bodies of the management API and of polls; members that they do not know are passed over. @see SSF 1.0 §8.1 */
export const REQUESTS = {
  create: z.object(receiverMembers),
  update: z.object({ stream_id: streamId, ...receiverMembers, ...transmitterMembers }),
  status: z.object({ stream_id: streamId, status: z.enum(STREAM_STATUSES), reason: text.exactOptional() }),
  subject: z.object({ stream_id: streamId, subject: jsonObject, verified: z.boolean().exactOptional() }),
  verification: z.object({ stream_id: streamId, state: text.exactOptional() }),
  poll: z.object({
    maxEvents: z.int().min(0).exactOptional(),
    returnImmediately: z.boolean().exactOptional(),
    ack: z.array(text).max(pollAcknowledgementCount).exactOptional(),
    setErrs: z
      .record(text, z.object({ err: text, description: z.string().exactOptional() }))
      .refine((errors) => Object.keys(errors).length <= pollAcknowledgementCount)
      .exactOptional(),
  }),
} as const;

/** What a receiver asks a stream to be. */
export type StreamRequest = z.output<typeof REQUESTS.create>;

/**
 * Reads the body of a request.
 *
 * @throws RtaError `RTA_SSF_STREAM_BODY`; `RTA_SSF_STREAM_REQUEST`, which names the member and never its value.
 */
export async function readBody<Output>(request: Request, schema: z.ZodType<Output>): Promise<Output> {
  const type = request.headers.get('Content-Type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw transmitterError('RTA_SSF_STREAM_REQUEST', 'the content type must be application/json');
  }
  const bytes = await readBytes(request);
  let body: JsonObject;
  try {
    body = parseStrictObject(bytes, 'body');
  } catch (cause) {
    throw transmitterError('RTA_SSF_STREAM_REQUEST', 'the body must be one JSON object, each member once', {
      cause,
    });
  }
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const member = result.error.issues[0]?.path.slice(0, 2).join('.') ?? '';
  throw transmitterError(
    'RTA_SSF_STREAM_REQUEST',
    /^[\w.]{1,64}$/.test(member)
      ? `member ${member} is missing or has a value that is not allowed`
      : 'a member is missing or has a value that is not allowed',
  );
}

async function readBytes(request: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest of the body.
    if (bytes > SSF_TRANSMITTER_LIMITS.requestBytes) throw transmitterError('RTA_SSF_STREAM_BODY');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
