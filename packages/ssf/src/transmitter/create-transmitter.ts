import { createHash, randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { type Clock, toBase64Url, utf8 } from '@rta/core';
import type { Records } from '@rta/store';
import { securityEvent } from '../events/security-event.ts';
import { createAddressPolicy } from '../http/address-policy.ts';
import { createGuardedFetch } from '../http/guarded-fetch.ts';
import type { SetSigner } from '../set/sign-set.ts';
import { parseSubject } from '../subjects/subject-identifier.ts';
import { type Authorize, answerError, isFault } from './access.ts';
import { reportFault } from './diagnostics.ts';
import { endpointsOf } from './endpoints.ts';
import { createLeases, NO_LEASES } from './lease.ts';
import { createManagementApi } from './management-api.ts';
import { createOutbox, type RefusedSet } from './outbox.ts';
import { createPolls } from './poll.ts';
import { createEndpointCheck } from './push-endpoint.ts';
import { createPushWorker } from './push-worker.ts';
import { createRouter, publications } from './routes.ts';
import { DELIVERY_METHOD, type DeliveryMethod, type StreamStatus } from './stream.ts';
import { openStreamRegistry } from './stream-registry.ts';
import { createStreamSender, type OutgoingEvent } from './stream-sender.ts';
import { transmitterError } from './transmitter-errors.ts';
import { SSF_TRANSMITTER_LIMITS, type TransmitterLimits } from './transmitter-limits.ts';
import { createUpkeep } from './upkeep.ts';
import type { Worker } from './worker.ts';

/** Options of {@link createTransmitter}. */
export interface EventTransmitterOptions {
  /** `iss` of all tokens, and where the transmitter is found: an https URL without query. */
  readonly issuer: string;
  /** The first signs; all are published, so that what an earlier one signed can still be verified. */
  readonly signers: readonly [SetSigner, ...SetSigner[]];
  /** Streams with their status and subjects. */
  readonly streams: Records;
  /** Tokens that wait. */
  readonly outbox: Records;
  /** Says who sends a request, by an access token for this transmitter. */
  readonly authorize: Authorize;
  /** URIs of the event types that may be emitted. */
  readonly eventsSupported: readonly string[];
  /** Both by default, as the CAEP interoperability profile demands. */
  readonly deliveryMethods?: readonly DeliveryMethod[];
  /**
   * Whether events about everybody go to a stream, or about nobody until they are added; `ALL` by default, which
   * receivers of the CAEP interoperability profile count on.
   */
  readonly defaultSubjects?: 'ALL' | 'NONE';
  /** Members of complex subjects that receivers must understand. @see SSF 1.0 §3.6 */
  readonly criticalSubjectMembers?: readonly string[];
  /** A stream whose receiver is not heard of for so long is paused; never by default. */
  readonly inactivityTimeoutMs?: number;
  readonly clock: Clock;
  /** Name of this node, the same after a restart; random by default. */
  readonly node?: string;
  /** Whether other nodes use the same streams and the same outbox; true by default. */
  readonly isShared?: boolean;
  /** Lets push endpoints be `http` on the loopback interface: for development. */
  readonly allowLoopbackHttp?: boolean;
  /** Lets push endpoints have private addresses: for closed networks. */
  readonly allowPrivateAddresses?: boolean;
  /** How pushes are sent; by default by what refuses addresses that are not public. */
  readonly fetch?: typeof globalThis.fetch;
  /** Overrides of the limits. */
  readonly limits?: Partial<TransmitterLimits>;
}

/** A stream, as operators see it. Holds no secrets. */
export interface OutboundStreamHealth {
  readonly id: string;
  readonly receiver: string;
  readonly method: DeliveryMethod;
  readonly status: StreamStatus;
  readonly reason?: string;
  /** Tokens that wait, as far as this node knows. */
  readonly waitingCount: number;
  readonly createdAtMs: number;
  readonly activeAtMs: number;
}

/** A transmitter of security events. */
export interface EventTransmitter extends AsyncDisposable {
  /**
   * Answers one HTTP request: metadata, keys, the management API and polls. What is none of these is 404. Never
   * rejects.
   */
  handle(request: Request): Promise<Response>;
  /**
   * Sends an event to every stream that it is for. Resolves when it is kept for all of them; delivery goes on by
   * itself, also after a restart.
   *
   * @throws RtaError `RTA_SSF_EVENT`, `RTA_SSF_SUBJECT` for one that no receiver would take; `RTA_SSF_NOT_EMITTED`.
   *   TypeError for a type that is not supported.
   */
  emit(event: OutgoingEvent): Promise<void>;
  /** All streams. */
  streams(): readonly OutboundStreamHealth[];
  /** Changes the status of a stream; its receiver is told. Nothing happens where there is no such stream. */
  setStatus(id: string, status: StreamStatus, reason?: string): Promise<void>;
  /** Tokens that the receiver of a stream said are not good, oldest first. */
  refused(id: string): Promise<readonly RefusedSet[]>;
  /** Ends pushes and polls that are under way. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens a transmitter, and goes on with what waits.
 *
 * @throws TypeError for options that are not usable; RangeError for a limit that is not a positive integer; RtaError of
 *   the store.
 * @see SSF 1.0; RFC 8935, RFC 8936; CAEP interoperability profile
 */
export async function createTransmitter(options: EventTransmitterOptions): Promise<EventTransmitter> {
  const { issuer, signers, clock, eventsSupported, inactivityTimeoutMs, isShared = true } = options;
  const { deliveryMethods = Object.values(DELIVERY_METHOD), defaultSubjects = 'ALL' } = options;
  const limits: TransmitterLimits = { ...SSF_TRANSMITTER_LIMITS, ...options.limits };
  const numbers = {
    ...options.limits,
    ...(inactivityTimeoutMs === undefined ? {} : { inactivityTimeoutMs }),
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} must be a positive integer`);
  }
  const endpoints = endpointsOf(issuer);
  if (eventsSupported.length === 0) throw new TypeError('a transmitter supports one event type at least');
  if (new Set(signers.map(({ keyId }) => keyId)).size < signers.length) {
    throw new TypeError('two keys of security events have one key id');
  }
  const publicKeys = signers.map(({ keyId, publicJwk }) => {
    if (publicJwk === undefined) throw new TypeError(`the public half of key ${keyId} is not known`);
    return publicJwk;
  });

  const addresses = {
    trustedHosts: [],
    allowPrivateAddresses: options.allowPrivateAddresses ?? false,
    allowLoopbackHttp: options.allowLoopbackHttp ?? false,
  };
  const guardedFetch =
    options.fetch === undefined
      ? createGuardedFetch({ clock, ...addresses, timeoutMs: limits.pushTimeoutMs })
      : undefined;
  const fetch = guardedFetch ?? options.fetch ?? globalThis.fetch;
  const closing = new AbortController();
  const registry = await openStreamRegistry({
    records: options.streams,
    defaultSubjects,
    limits,
    onUnreadable: reportFault,
  });
  const outbox = createOutbox({ records: options.outbox, clock, heldAgeMs: limits.heldAgeMs });
  const node = options.node ?? toBase64Url(randomBytes(8));
  const leases = isShared ? createLeases({ records: options.streams, node, clock }) : NO_LEASES;
  const workers = new Map<string, Worker>();
  const polls = createPolls({ registry, outbox, clock, longPollMs: limits.longPollMs });

  const workerOf = (id: string): Worker => {
    let worker = workers.get(id);
    if (worker === undefined) {
      const parts = { id, registry, outbox, sender, leases, fetch, clock, limits };
      worker = createPushWorker({ ...parts, closing: closing.signal });
      workers.set(id, worker);
    }
    return worker;
  };
  /** There may be something to deliver. */
  const wake = (id: string): void => {
    if (closing.signal.aborted) return;
    const stream = registry.get(id);
    if (stream?.delivery.method === DELIVERY_METHOD.push) workerOf(id).wake();
    else polls.wake(id);
  };
  const sender = createStreamSender({
    issuer,
    signer: signers[0],
    eventsSupported,
    registry,
    outbox,
    clock,
    limits,
    jtiOf: (eventId, stream) =>
      toBase64Url(
        createHash('sha256')
          .update(utf8(`${stream} ${eventId}`))
          .digest()
          .subarray(0, 16),
      ),
    onWaiting: wake,
  });

  const api = createManagementApi({
    issuer,
    endpoints,
    eventsSupported,
    deliveryMethods,
    inactivityTimeoutMs,
    registry,
    outbox,
    sender,
    polls,
    clock,
    limits,
    authorize: options.authorize,
    checkEndpoint: createEndpointCheck({
      policy: createAddressPolicy(addresses),
      resolve: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
    }),
    onChanged(id) {
      wake(id);
      workers.get(id)?.retryNow();
    },
    async onRemoved(id) {
      await stopWorker(id);
      polls.wake(id);
      await outbox.forget(id);
    },
    closing: closing.signal,
  });
  const stopWorker = async (id: string): Promise<void> => {
    await workers.get(id)?.stop();
    workers.delete(id);
    await leases.release(id);
  };

  const route = createRouter(
    {
      ...api,
      ...publications({
        issuer,
        endpoints,
        deliveryMethods,
        defaultSubjects,
        keys: publicKeys,
        criticalSubjectMembers: options.criticalSubjectMembers ?? [],
      }),
    },
    endpoints.poll,
  );

  /** What other nodes did is seen; what waits there is delivered. */
  const checkShared = async (): Promise<void> => {
    await registry.refresh();
    for (const { id } of registry.all()) wake(id);
    for (const id of workers.keys()) if (registry.get(id) === undefined) await stopWorker(id);
  };
  const sweep = async (): Promise<void> => {
    for (const { id, status, activeAtMs } of registry.all()) {
      await sender.checkHeld(id);
      if (inactivityTimeoutMs === undefined || status !== 'enabled') continue;
      if (clock.now() - activeAtMs <= inactivityTimeoutMs) continue;
      // Another node may have heard of it since.
      const now = await registry.change(id, (stream) => stream);
      if (now === undefined || clock.now() - now.activeAtMs <= inactivityTimeoutMs) continue;
      const reason = 'the receiver was not heard of for inactivity_timeout';
      await sender.setStatus(id, 'paused', { by: 'transmitter', reason });
    }
  };
  const upkeep = createUpkeep({ clock, onFault: () => reportFault('') });
  upkeep.regularly(SSF_TRANSMITTER_LIMITS.sweepMs, sweep);
  if (isShared) upkeep.regularly(SSF_TRANSMITTER_LIMITS.sharedCheckMs, checkShared);
  for (const { id } of registry.all()) wake(id);

  let closed: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    closing.abort();
    upkeep.stop();
    await Promise.all([...workers.keys()].map(stopWorker));
    await guardedFetch?.close();
  };
  const close = (): Promise<void> => {
    closed ??= closeAll();
    return closed;
  };

  return {
    async handle(request) {
      try {
        if (closing.signal.aborted) throw transmitterError('RTA_SSF_TRANSMITTER_UNAVAILABLE');
        return await route(request);
      } catch (error) {
        if (isFault(error)) reportFault('');
        return answerError(request, error);
      }
    },
    async emit(event) {
      if (!eventsSupported.includes(event.type)) throw new TypeError(`${event.type} is not supported here`);
      securityEvent(event.type, event.value);
      parseSubject(event.subject);
      if (closing.signal.aborted) throw transmitterError('RTA_SSF_NOT_EMITTED');
      await sender.emit(event);
    },
    streams: () =>
      registry.all().map(({ id, receiver, delivery, status, reason, createdAtMs, activeAtMs }) => ({
        id,
        receiver,
        method: delivery.method,
        status,
        ...(reason === undefined ? {} : { reason }),
        waitingCount: outbox.count(id),
        createdAtMs,
        activeAtMs,
      })),
    async setStatus(id, status, reason) {
      await sender.setStatus(id, status, { by: 'transmitter', reason });
    },
    refused: outbox.refused,
    close,
    [Symbol.asyncDispose]: close,
  };
}
