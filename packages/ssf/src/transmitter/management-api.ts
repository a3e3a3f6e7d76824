import { randomBytes } from 'node:crypto';
import { type Clock, canonicalJson, type JsonObject, type JsonValue, toBase64Url } from '@rta/core';
import { parseSubject } from '../subjects/subject-identifier.ts';
import { type Authorize, checkAccess, STREAM_SCOPE, type StreamAccess } from './access.ts';
import { outboundStreamChannel } from './diagnostics.ts';
import type { Endpoints } from './endpoints.ts';
import type { Outbox } from './outbox.ts';
import type { Polls } from './poll.ts';
import type { EndpointCheck } from './push-endpoint.ts';
import { REQUESTS, readBody, type StreamRequest, TRANSMITTER_MEMBERS } from './requests.ts';
import type { Handler, Routes } from './routes.ts';
import {
  DELIVERY_METHOD,
  type Delivery,
  type DeliveryMethod,
  eventsDelivered,
  type OutboundStream,
} from './stream.ts';
import type { StreamRegistry } from './stream-registry.ts';
import type { StreamSender } from './stream-sender.ts';
import { transmitterError } from './transmitter-errors.ts';
import type { TransmitterLimits } from './transmitter-limits.ts';

/** What the management API works with. */
export interface ManagementApiOptions {
  readonly issuer: string;
  readonly endpoints: Endpoints;
  readonly eventsSupported: readonly string[];
  readonly deliveryMethods: readonly DeliveryMethod[];
  readonly inactivityTimeoutMs: number | undefined;
  readonly registry: StreamRegistry;
  readonly outbox: Outbox;
  readonly sender: StreamSender;
  readonly polls: Polls;
  readonly authorize: Authorize;
  readonly checkEndpoint: EndpointCheck;
  readonly clock: Clock;
  readonly limits: TransmitterLimits;
  /** A stream is there, or goes somewhere else now. */
  readonly onChanged: (id: string) => void;
  /** A stream is there no more. */
  readonly onRemoved: (id: string) => Promise<void>;
  readonly closing: AbortSignal;
}

/** How exactly it is kept when a receiver was last heard of; a tenth of `inactivity_timeout` where that is less. */
const ACTIVITY_STEP_MS = 60_000;

/**
 * Makes the management API: handlers by path and method. A stream of somebody else is answered as one that is not
 * there.
 *
 * @see SSF 1.0 §8.1; RFC 8936 for polls
 */
export function createManagementApi(options: ManagementApiOptions): Routes {
  const { issuer, endpoints, eventsSupported, deliveryMethods, inactivityTimeoutMs, limits, clock } = options;
  const { registry, sender, polls, authorize, checkEndpoint, closing } = options;
  const activityStepMs = Math.min(ACTIVITY_STEP_MS, (inactivityTimeoutMs ?? Number.POSITIVE_INFINITY) / 10);
  const minVerificationSeconds = Math.ceil(limits.verificationIntervalMs / 1000);

  /** A stream as its receiver sees it; who may only read does not see the secret. */
  const configuration = (stream: OutboundStream, { scopes }: StreamAccess): JsonObject => {
    const { id, audience, delivery, eventsRequested, description } = stream;
    const header =
      delivery.method === DELIVERY_METHOD.push && scopes.includes(STREAM_SCOPE.manage)
        ? delivery.authorizationHeader
        : undefined;
    return {
      stream_id: id,
      iss: issuer,
      aud: audience,
      events_supported: eventsSupported,
      ...(eventsRequested === undefined ? {} : { events_requested: eventsRequested }),
      events_delivered: eventsDelivered(stream, eventsSupported),
      delivery: {
        method: delivery.method,
        endpoint_url:
          delivery.method === DELIVERY_METHOD.push
            ? delivery.endpointUrl
            : endpoints.url(endpoints.poll + id),
        ...(header === undefined ? {} : { authorization_header: header }),
      },
      ...(description === undefined ? {} : { description }),
      min_verification_interval: minVerificationSeconds,
      ...(inactivityTimeoutMs === undefined
        ? {}
        : { inactivity_timeout: Math.floor(inactivityTimeoutMs / 1000) }),
    };
  };

  /** The stream of that id, where it belongs to who asks; they were heard of now. */
  const ownStream = async (id: string, { receiver }: StreamAccess): Promise<OutboundStream> => {
    const stream = registry.get(id);
    if (stream === undefined || stream.receiver !== receiver)
      throw transmitterError('RTA_SSF_NO_SUCH_STREAM');
    const nowMs = clock.now();
    if (nowMs - stream.activeAtMs < activityStepMs) return stream;
    return (await registry.change(id, (now) => ({ ...now, activeAtMs: nowMs }), true)) ?? stream;
  };

  const deliveryOf = async (wanted: StreamRequest['delivery'], id: string): Promise<Delivery> => {
    const { method } = wanted ?? { method: DELIVERY_METHOD.poll };
    if (!deliveryMethods.includes(method)) {
      throw transmitterError('RTA_SSF_STREAM_REQUEST', 'delivery.method is not one that is supported');
    }
    if (wanted === undefined) return { method: DELIVERY_METHOD.poll };
    if (wanted.method === DELIVERY_METHOD.poll) {
      const { endpoint_url: said } = wanted;
      if (said !== undefined && said !== endpoints.url(endpoints.poll + id)) {
        throw transmitterError('RTA_SSF_STREAM_REQUEST', 'delivery.endpoint_url of polls is for us to say');
      }
      return { method: DELIVERY_METHOD.poll };
    }
    await checkEndpoint(wanted.endpoint_url);
    const { endpoint_url: endpointUrl, authorization_header: authorizationHeader } = wanted;
    return {
      method: DELIVERY_METHOD.push,
      endpointUrl,
      ...(authorizationHeader === undefined ? {} : { authorizationHeader }),
    };
  };

  /** @see SSF 1.0 §8.1.1.3, §8.1.1.4: PATCH leaves what is not said, PUT deletes it. */
  const update =
    (isReplacement: boolean): Handler =>
    async (request) => {
      const access = await checkAccess(request, authorize, 'manage');
      const wanted = await readBody(request, REQUESTS.update);
      const before = await ownStream(wanted.stream_id, access);
      checkTransmitterMembers(wanted, configuration(before, access));
      const delivery =
        isReplacement || wanted.delivery !== undefined
          ? await deliveryOf(wanted.delivery, before.id)
          : before.delivery;
      const changed = await registry.change(before.id, (now) => {
        const { eventsRequested: _requested, description: _description, ...rest } = now;
        return { ...(isReplacement ? rest : now), delivery, ...settings(wanted) };
      });
      if (changed === undefined) throw transmitterError('RTA_SSF_NO_SUCH_STREAM');
      outboundStreamChannel.publish({ stream: changed.id, kind: 'changed', by: 'receiver' });
      options.onChanged(changed.id);
      return answer(200, configuration(changed, access));
    };

  const changeSubject =
    (isIncluded: boolean): Handler =>
    async (request) => {
      const access = await checkAccess(request, authorize, 'manage');
      const { stream_id: id, subject } = await readBody(request, REQUESTS.subject);
      await ownStream(id, access);
      try {
        parseSubject(subject);
      } catch (cause) {
        throw transmitterError('RTA_SSF_STREAM_REQUEST', 'subject is not shaped as its format demands', {
          cause,
        });
      }
      await registry.setSubject(id, subject, isIncluded);
      return isIncluded ? answer(200) : answer(204);
    };

  const poll: Handler = async (request) => {
    const access = await checkAccess(request, authorize, 'read');
    const wanted = await readBody(request, REQUESTS.poll);
    const { id, delivery } = await ownStream(
      new URL(request.url).pathname.slice(endpoints.poll.length),
      access,
    );
    if (delivery.method !== DELIVERY_METHOD.poll) throw transmitterError('RTA_SSF_NO_SUCH_STREAM');
    return answer(200, { ...(await polls.answer(id, wanted, AbortSignal.any([request.signal, closing]))) });
  };

  return {
    [endpoints.streams]: {
      POST: async (request) => {
        const access = await checkAccess(request, authorize, 'manage');
        const wanted = await readBody(request, REQUESTS.create);
        const id = toBase64Url(randomBytes(16));
        const nowMs = clock.now();
        const stream: OutboundStream = {
          v: 1,
          id,
          receiver: access.receiver,
          audience: endpoints.url(`${endpoints.streams}/${id}`),
          delivery: await deliveryOf(wanted.delivery, id),
          ...settings(wanted),
          status: 'enabled',
          createdAtMs: nowMs,
          activeAtMs: nowMs,
        };
        await registry.create(stream);
        outboundStreamChannel.publish({ stream: id, kind: 'created', by: 'receiver' });
        options.onChanged(id);
        return answer(201, configuration(stream, access));
      },
      GET: async (request) => {
        const access = await checkAccess(request, authorize, 'read');
        const id = idOf(request);
        if (id !== undefined) return answer(200, configuration(await ownStream(id, access), access));
        const own = registry.all().filter(({ receiver }) => receiver === access.receiver);
        return answer(
          200,
          own.map((stream) => configuration(stream, access)),
        );
      },
      PATCH: update(false),
      PUT: update(true),
      DELETE: async (request) => {
        const access = await checkAccess(request, authorize, 'manage');
        const { id } = await ownStream(neededId(request), access);
        await registry.remove(id);
        await options.onRemoved(id);
        outboundStreamChannel.publish({ stream: id, kind: 'deleted', by: 'receiver' });
        return answer(204);
      },
    },
    [endpoints.status]: {
      GET: async (request) => {
        const access = await checkAccess(request, authorize, 'read');
        return answer(200, status(await ownStream(neededId(request), access)));
      },
      POST: async (request) => {
        const access = await checkAccess(request, authorize, 'manage');
        const wanted = await readBody(request, REQUESTS.status);
        const { id } = await ownStream(wanted.stream_id, access);
        const changed = await sender.setStatus(id, wanted.status, { by: 'receiver', reason: wanted.reason });
        if (changed === undefined) throw transmitterError('RTA_SSF_NO_SUCH_STREAM');
        options.onChanged(id);
        return answer(200, status(changed));
      },
    },
    [endpoints.addSubject]: { POST: changeSubject(true) },
    [endpoints.removeSubject]: { POST: changeSubject(false) },
    [endpoints.verification]: {
      POST: async (request) => {
        const access = await checkAccess(request, authorize, 'manage');
        const { stream_id: id, state } = await readBody(request, REQUESTS.verification);
        const before = await ownStream(id, access);
        if (before.status === 'disabled') {
          throw transmitterError('RTA_SSF_STREAM_REQUEST', 'the stream is disabled: nothing is sent on it');
        }
        const nowMs = clock.now();
        let isTooSoon = false;
        const stream = await registry.change(
          id,
          (now) => {
            const { verifiedAtMs = Number.NEGATIVE_INFINITY } = now;
            isTooSoon = nowMs >= verifiedAtMs && nowMs - verifiedAtMs < limits.verificationIntervalMs;
            return isTooSoon ? now : { ...now, verifiedAtMs: nowMs };
          },
          true,
        );
        if (isTooSoon) {
          throw transmitterError('RTA_SSF_STREAM_RATE', undefined, {
            details: { retryAfterSeconds: minVerificationSeconds },
          });
        }
        if (stream === undefined) throw transmitterError('RTA_SSF_NO_SUCH_STREAM');
        await sender.verify(stream, state);
        return answer(204);
      },
    },
    [endpoints.poll]: { POST: poll },
  };
}

/** Who says what the transmitter sets must say it as it is. @see SSF 1.0 §8.1.1.3 */
function checkTransmitterMembers(
  wanted: Readonly<Partial<Record<(typeof TRANSMITTER_MEMBERS)[number], JsonValue | undefined>>>,
  is: JsonObject,
): void {
  for (const name of TRANSMITTER_MEMBERS) {
    const said = wanted[name];
    if (said === undefined) continue;
    if (Buffer.compare(canonicalJson(said), canonicalJson(is[name] ?? null)) !== 0) {
      throw transmitterError('RTA_SSF_STREAM_REQUEST', `${name} is for the transmitter to set`);
    }
  }
}

/** @see SSF 1.0 §8.1.2.1 */
function status({ id, status: now, reason }: OutboundStream): JsonObject {
  return { stream_id: id, status: now, ...(reason === undefined ? {} : { reason }) };
}

function settings(wanted: StreamRequest): Pick<OutboundStream, 'eventsRequested' | 'description'> {
  const { events_requested: eventsRequested, description } = wanted;
  return {
    ...(eventsRequested === undefined ? {} : { eventsRequested }),
    ...(description === undefined ? {} : { description }),
  };
}

function idOf(request: Request): string | undefined {
  return new URL(request.url).searchParams.get('stream_id') ?? undefined;
}

function neededId(request: Request): string {
  const id = idOf(request);
  if (id === undefined)
    throw transmitterError('RTA_SSF_STREAM_REQUEST', 'the parameter stream_id is missing');
  return id;
}

function answer(status: number, body?: JsonValue): Response {
  const headers = { 'Cache-Control': 'no-store' };
  return body === undefined
    ? new Response(null, { status, headers })
    : Response.json(body, { status, headers });
}
