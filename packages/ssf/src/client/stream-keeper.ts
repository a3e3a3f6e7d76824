import type { Clock } from '@rta/core';
import { isRtaError } from '@rta/core';
import type { Records } from '@rta/store';
import { CAEP_EVENTS, RISC_EVENTS, SSF_EVENTS } from '../events/event-types.ts';
import { createGuardedFetch } from '../http/guarded-fetch.ts';
import type { ReceivedEvent } from '../receiver/received-event.ts';
import type { TransmitterOptions } from '../receiver/registered-transmitter.ts';
import type { SetReceiver } from '../receiver/set-receiver.ts';
import { DELIVERY_METHOD, type StreamStatus } from '../transmitter/stream.ts';
import { type ClientAuthentication, createAccessTokens } from './access-token.ts';
import { createAuthorizedFetch } from './authorized-fetch.ts';
import { isSsfClientError, ssfClientError } from './client-errors.ts';
import { SSF_CLIENT_LIMITS } from './client-limits.ts';
import { type KeptStreamDiagnostics, keptStreamChannel } from './diagnostics.ts';
import { createPollClient, type PollClient } from './poll-client.ts';
import { createRetry, wait } from './retry.ts';
import { createStreamClient } from './stream-client.ts';
import type { StreamConfiguration } from './stream-configuration.ts';
import { createStreamMemory, type KnownStream } from './stream-record.ts';
import { setUpStream, type WantedStream } from './stream-setup.ts';
import { createTransmitterDirectory } from './transmitter-metadata.ts';
import { createVerificationStateMaker, type VerificationStateMaker } from './verification-state.ts';

/** What is learnt of a transmitter, and so need not be given. */
type Learnt = 'audience' | 'jwksUri' | 'jwks' | 'authorizationHeader' | 'streamId' | 'expectsState' | 'fetch';

/** Options of {@link createStreamKeeper}. */
export interface StreamKeeperOptions {
  /** Who sends, and how far its word goes. */
  readonly transmitter: Omit<TransmitterOptions, Learnt>;
  /** How events come: pushed to this URL, or polled. */
  readonly delivery: { readonly method: 'push'; readonly endpointUrl: string } | { readonly method: 'poll' };
  /** URIs of the event types to ask for; all of CAEP and RISC by default. */
  readonly events?: readonly string[];
  /** What `aud` of the stream must hold, where that was agreed. */
  readonly audience?: string;
  readonly authentication: ClientAuthentication;
  /** Between two verifications; `SSF_CLIENT_LIMITS.verifyEveryMs` by default. */
  readonly verifyEveryMs?: number;
  /** Lets hosts that the transmitter names have private addresses. Its own host may always. */
  readonly allowPrivateAddresses?: boolean;
  readonly receiver: Pick<SetReceiver, 'receive' | 'register'>;
  /** Where the stream is remembered; nodes that share it share the stream. */
  readonly records: Pick<Records, 'update'>;
  readonly clock: Clock;
}

/** How a stream is. */
export interface StreamHealth {
  readonly issuer: string;
  /** Undefined before the stream is there. */
  readonly streamId: string | undefined;
  /** As the transmitter said it last. */
  readonly status: StreamStatus | undefined;
  /** UNIX milliseconds at which the last event of the stream came to this node. */
  readonly lastEventAtMs: number | undefined;
  /** UNIX milliseconds of the last verification event that was asked for. */
  readonly lastVerificationAtMs: number | undefined;
  /** How long it took, from the request to its arrival. */
  readonly lagMs: number | undefined;
  /** What is wrong now. */
  readonly lastError: Error | undefined;
}

/** Keeps one stream of one transmitter going. */
export interface StreamKeeper extends AsyncDisposable {
  readonly issuer: string;
  health(): StreamHealth;
  /** Hears of every event of this transmitter, those of the stream itself included. */
  heard(event: ReceivedEvent): void;
  /**
   * Asks for a verification event and waits for it.
   *
   * @returns how long it took.
   * @throws RtaError `RTA_SSF_STREAM_UNVERIFIED`, and what a stream client fails with.
   */
  verify(): Promise<{ readonly lagMs: number }>;
  /** Stops. The stream stays, and holds or sends events as before. Idempotent. */
  close(): Promise<void>;
}

/** A stream that is in use. */
interface Kept {
  readonly stream: StreamConfiguration;
  readonly states: VerificationStateMaker;
}

/**
 * Keeps a stream: finds or creates it, tells the receiver what is to be known of its transmitter, polls it where it is
 * polled, looks at its status, keeps it from being idle, and verifies now and then that events get through. What fails
 * is tried again, for ever, more slowly each time; {@link StreamKeeper.health} says what. A stream that the transmitter
 * pauses while it is in use is left so: it had a reason. One that is found paused at the start is enabled.
 *
 * @throws TypeError for options that are not usable.
 */
export function createStreamKeeper(options: StreamKeeperOptions): StreamKeeper {
  const { transmitter, delivery, authentication, receiver, records, clock } = options;
  const { issuer, allowInsecureHttp = false } = transmitter;
  const verifyEveryMs = options.verifyEveryMs ?? SSF_CLIENT_LIMITS.verifyEveryMs;
  const closing = new AbortController();
  const { signal } = closing;
  const guard = {
    clock,
    trustedHosts: hostsOf(issuer, authentication),
    allowPrivateAddresses: options.allowPrivateAddresses ?? false,
    allowLoopbackHttp: allowInsecureHttp,
  };
  const fetch = createGuardedFetch(guard);
  const pollFetch = createGuardedFetch({
    ...guard,
    timeoutMs: SSF_CLIENT_LIMITS.pollTimeoutMs,
    responseBytes: SSF_CLIENT_LIMITS.pollBytes,
  });
  const tokens = createAccessTokens({ issuer, authentication, fetch, clock, allowInsecureHttp });
  const directory = createTransmitterDirectory({ issuer, fetch, clock });
  const authorized = createAuthorizedFetch({ fetch, tokens });
  const { audience } = options;
  const client = createStreamClient({ issuer, directory, fetch: authorized, audience, signal });
  const memory = createStreamMemory({ issuer, records, clock });
  const retry = createRetry();
  const awaited = new Map<string, (lagMs: number) => void>();
  let kept: Kept | undefined;
  let polling: PollClient | undefined;
  let status: StreamStatus | undefined;
  let lastEventAtMs: number | undefined;
  let lastVerification: { readonly atMs: number; readonly lagMs: number } | undefined;
  let lastError: Error | undefined;
  let told: Pick<KeptStreamDiagnostics, 'status' | 'code'> = {};
  const underWay = new Set<Promise<unknown>>();

  const health = (): StreamHealth => ({
    issuer,
    streamId: kept?.stream.streamId,
    status,
    lastEventAtMs,
    lastVerificationAtMs: lastVerification?.atMs,
    lagMs: lastVerification?.lagMs,
    lastError: lastError ?? polling?.health().lastError,
  });

  /** Publishes how the stream is where that is news: not each of many attempts. */
  const tell = (): void => {
    const { streamId, status: now, lastError: wrong } = health();
    const code = wrong === undefined ? undefined : codeOf(wrong);
    if (now === told.status && code === told.code) return;
    told = {
      ...(now === undefined ? {} : { status: now }),
      ...(code === undefined ? {} : { code }),
    };
    keptStreamChannel.publish({ issuer, ...(streamId === undefined ? {} : { streamId }), ...told });
  };

  /** Has the receiver take events of a stream. */
  const register = (known: KnownStream, secret: string): VerificationStateMaker => {
    const states = createVerificationStateMaker(secret, known.streamId);
    receiver.register({
      ...transmitter,
      ...known,
      criticalSubjectMembers: [
        ...new Set([...known.criticalSubjectMembers, ...(transmitter.criticalSubjectMembers ?? [])]),
      ],
      ...(delivery.method === 'push' ? { authorizationHeader: `Bearer ${secret}` } : {}),
      expectsState: (state) => states.madeAtMs(state) !== undefined,
      fetch,
    });
    return states;
  };

  const establish = async (): Promise<Kept> => {
    const { secret, stream: remembered } = await memory.load();
    // Events are taken while the transmitter cannot be asked.
    if (remembered?.jwksUri !== undefined) register(remembered, secret);
    const { jwksUri, criticalSubjectMembers } = await directory.metadata();
    if (jwksUri === undefined) {
      const details = { issuer, member: 'jwks_uri' };
      throw ssfClientError('RTA_SSF_METADATA', 'the metadata names no keys', { details });
    }
    const knownOf = ({ streamId, audience: names }: StreamConfiguration): KnownStream => ({
      streamId,
      audience: [...names],
      jwksUri,
      criticalSubjectMembers: [...criticalSubjectMembers],
    });
    const stream = await setUpStream({
      client,
      memory,
      rememberedId: remembered?.streamId,
      wanted: wantedStream(options, secret),
      adopt: (found) => void register(knownOf(found), secret),
    });
    await memory.keep(knownOf(stream));
    return { stream, states: register(knownOf(stream), secret) };
  };

  /** Asks how the stream is, which also keeps it from being idle. */
  const look = async ({ stream: { streamId } }: Kept): Promise<void> => {
    const { statusEndpoint } = await directory.metadata();
    if (statusEndpoint === undefined) await client.read(streamId);
    else status = await client.status(streamId);
  };

  const verify = async (): Promise<{ readonly lagMs: number }> => {
    if (kept === undefined) throw lastError ?? ssfClientError('RTA_SSF_STREAM_UNKNOWN');
    const { stream, states } = kept;
    const state = states.make(clock.now());
    const arrival = Promise.withResolvers<number>();
    awaited.set(state, arrival.resolve);
    const given = new AbortController();
    try {
      await client.verify(stream.streamId, state);
      const waiting = wait(clock, SSF_CLIENT_LIMITS.verificationMs, AbortSignal.any([signal, given.signal]));
      const lagMs = await Promise.race([arrival.promise, waiting.then(() => undefined)]);
      if (lagMs !== undefined) return { lagMs };
      // It may have come to another node.
      const { verified } = await memory.load();
      if (verified?.state !== state) throw ssfClientError('RTA_SSF_STREAM_UNVERIFIED');
      lastVerification = verified;
      return { lagMs: verified.lagMs };
    } finally {
      given.abort();
      awaited.delete(state);
    }
  };

  /**
   * Attends to a stream until the keeper is closed.
   *
   * @throws RtaError `RTA_SSF_STREAM_UNKNOWN` where the stream is gone.
   */
  const attend = async (attended: Kept, gone: AbortSignal): Promise<void> => {
    const {
      streamId,
      inactivityTimeoutMs = Number.POSITIVE_INFINITY,
      minVerificationIntervalMs = 0,
    } = attended.stream;
    const lookEveryMs = Math.max(1_000, Math.min(SSF_CLIENT_LIMITS.statusEveryMs, inactivityTimeoutMs / 2));
    const isOffered = (await directory.metadata()).verificationEndpoint !== undefined;
    const leaving = AbortSignal.any([signal, gone]);
    let verifyAtMs = isOffered ? clock.monotonicMs() : Number.POSITIVE_INFINITY;
    let failure: Error | undefined;
    let unverified: Error | undefined;

    await look(attended);
    if (status === 'paused') status = (await client.setStatus(streamId, 'enabled')) ?? status;
    while (!leaving.aborted) {
      if (clock.monotonicMs() >= verifyAtMs) {
        unverified = await failureOf(verify());
        const againMs = unverified === undefined ? verifyEveryMs : lookEveryMs;
        verifyAtMs = clock.monotonicMs() + Math.max(againMs, minVerificationIntervalMs);
      }
      lastError = failure ?? unverified;
      if (lastError === undefined) retry.succeeded();
      tell();
      await wait(clock, Math.min(lookEveryMs, verifyAtMs - clock.monotonicMs()), leaving);
      if (!leaving.aborted) failure = await failureOf(look(attended));
    }
    if (gone.aborted) throw ssfClientError('RTA_SSF_STREAM_UNKNOWN');
  };

  const startPolling = (
    { delivery: { endpointUrl } }: StreamConfiguration,
    onGone: () => void,
  ): PollClient => {
    if (endpointUrl === undefined) {
      throw ssfClientError('RTA_SSF_STREAM_ANSWER', 'the stream has no URL to poll at');
    }
    const pollAuthorized = createAuthorizedFetch({ fetch: pollFetch, tokens });
    return createPollClient({
      issuer,
      endpointUrl,
      fetch: pollAuthorized,
      receiver,
      clock,
      onGone,
      onAttempt: tell,
    });
  };

  const keep = async (): Promise<void> => {
    kept = await establish();
    const gone = new AbortController();
    try {
      if (delivery.method === 'poll') polling = startPolling(kept.stream, () => gone.abort());
      await attend(kept, gone.signal);
    } catch (error) {
      if (isGone(error)) await memory.forget(kept.stream.streamId);
      throw error;
    } finally {
      await polling?.close();
      polling = undefined;
      kept = undefined;
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await keep();
      } catch (error) {
        if (signal.aborted) break;
        lastError = asError(error);
        tell();
        directory.forget();
        await wait(clock, retry.afterMs(error), signal);
      }
    }
  };
  const running = run();

  const heard = ({ event, receivedAtMs }: ReceivedEvent): void => {
    lastEventAtMs = receivedAtMs;
    if (!('value' in event)) return;
    if (event.type === SSF_EVENTS.streamUpdated) {
      status = event.value.status;
      tell();
    }
    if (event.type !== SSF_EVENTS.verification || event.value.state === undefined) return;
    const { state } = event.value;
    const madeAtMs = kept?.states.madeAtMs(state);
    if (madeAtMs === undefined) return;
    const lagMs = Math.max(0, receivedAtMs - madeAtMs);
    lastVerification = { atMs: receivedAtMs, lagMs };
    awaited.get(state)?.(lagMs);
    // Whether or not it can be written: the node that asked knows it from the event, or learns that it did not come.
    const writing = memory.verified({ state, atMs: receivedAtMs, lagMs }).catch(() => undefined);
    underWay.add(writing);
    void writing.finally(() => underWay.delete(writing));
  };

  const close = async (): Promise<void> => {
    closing.abort();
    await running;
    await Promise.all(underWay);
    await Promise.all([fetch.close(), pollFetch.close()]);
  };

  return {
    issuer,
    health,
    heard,
    verify,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function wantedStream(options: StreamKeeperOptions, secret: string): WantedStream {
  const { delivery, events } = options;
  return {
    delivery:
      delivery.method === 'poll'
        ? { method: DELIVERY_METHOD.poll }
        : {
            method: DELIVERY_METHOD.push,
            endpointUrl: delivery.endpointUrl,
            authorizationHeader: `Bearer ${secret}`,
          },
    eventsRequested: events ?? [...Object.values(CAEP_EVENTS), ...Object.values(RISC_EVENTS)],
    description: 'RealTimeAuth',
  };
}

/** Hosts that the operator named. */
function hostsOf(issuer: string, authentication: ClientAuthentication): string[] {
  const named = [issuer];
  if ('clientId' in authentication) {
    const { tokenEndpoint, authorizationServer } = authentication;
    if (tokenEndpoint !== undefined) named.push(tokenEndpoint);
    if (authorizationServer !== undefined) named.push(authorizationServer);
  }
  return named.flatMap((url) => URL.parse(url)?.hostname ?? []);
}

function isGone(error: unknown): boolean {
  return isSsfClientError(error) && error.code === 'RTA_SSF_STREAM_UNKNOWN';
}

/**
 * What a step failed with. A stream that is gone is more than a failed step; to be asked for patience is less: another
 * node may have taken the same step.
 */
async function failureOf(step: Promise<unknown>): Promise<Error | undefined> {
  try {
    await step;
    return undefined;
  } catch (error) {
    if (isGone(error)) throw error;
    const isThrottled = isSsfClientError(error) && error.code === 'RTA_SSF_STREAM_THROTTLED';
    return isThrottled ? undefined : asError(error);
  }
}

function codeOf(error: Error): string {
  return isRtaError(error) ? error.code : 'RTA_SSF_STREAM_UNAVAILABLE';
}

function asError(error: unknown): Error {
  if (isRtaError(error)) return error;
  return ssfClientError('RTA_SSF_STREAM_UNAVAILABLE', 'the stream cannot be kept now', { cause: error });
}
