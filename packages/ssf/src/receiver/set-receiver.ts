import type { Clock, RtaError } from '@rta/core';
import type { SingleUseKeys } from '@rta/store';
import { isSsfError, type SsfErrorCode, ssfError } from '../errors.ts';
import { SSF_EVENTS } from '../events/event-types.ts';
import type { Fetch } from '../http/fetch.ts';
import { type ReceiverLimits, SSF_LIMITS } from '../limits.ts';
import { checkAge, checkAudience, readClaims } from '../set/claims.ts';
import { decodeCompactSet } from '../set/compact-set.ts';
import { verifySignature } from '../set/verify-set.ts';
import { type SetFacts, type SetOutcome, setChannel, streamChannel } from './diagnostics.ts';
import { createPushReceivers, type Push } from './push.ts';
import { readEvent } from './read-set.ts';
import type { Inlet, ReceivedEvent } from './received-event.ts';
import {
  createTransmitter,
  type RegisteredTransmitter,
  type Transmitter,
  type TransmitterOptions,
} from './registered-transmitter.ts';
import { type PushResponse, type SetErrorCode, setErrorCode } from './respond.ts';
import { withinScope } from './scope.ts';
import { checkStream, createVerificationStates, type VerificationStates } from './verification-states.ts';

/** Options of {@link createSetReceiver}. */
export interface SetReceiverOptions {
  /** Who may send; each issuer once. */
  readonly transmitters: readonly TransmitterOptions[];
  /** Remembers which tokens have had their effect; nodes that share it recognise each other's. */
  readonly singleUse: SingleUseKeys;
  /**
   * Takes the event of one token. The token is acknowledged when the promise resolves, so resolve it once the event is
   * durable (invariant I2). It may be called again with an event of the same `id`. Events of a stream itself do not
   * come here.
   *
   * @returns why nothing came of it, where that is so: for diagnostics.
   */
  readonly accept: (
    event: ReceivedEvent,
    transmitter: RegisteredTransmitter,
    // biome-ignore lint/suspicious/noConfusingVoidType: most consumers return nothing
  ) => Promise<void | { readonly noEffect: string }>;
  /** Hears of verification events, and of those that a stream was paused, disabled or enabled. */
  readonly onStreamEvent?: (event: ReceivedEvent) => void;
  readonly clock: Clock;
  /** How key sets are fetched; by default from the configured hosts only, as a guarded fetch does. */
  readonly fetch?: Fetch;
  /** Overrides of the limits of this receiver. */
  readonly limits?: Partial<ReceiverLimits>;
}

/** What became of one token. */
export type SetVerdict =
  | { readonly outcome: 'accepted' | 'duplicate'; readonly jti: string }
  /** To be acknowledged as well. */
  | { readonly outcome: 'no-effect'; readonly jti: string; readonly why: string }
  | {
      readonly outcome: 'refused';
      readonly error: RtaError<SsfErrorCode>;
      /** What the transmitter is told; undefined where the fault is not the token's: it is to come again. */
      readonly err: SetErrorCode | undefined;
      /** Known once the token was verified. */
      readonly jti?: string;
    };

/** Receives Security Event Tokens. */
export interface SetReceiver extends AsyncDisposable {
  /**
   * Judges one token, whatever way it came: every way in ends here. Never rejects: what goes wrong is in the verdict,
   * and on the diagnostics channel `rta:ssf.set`.
   */
  receive(set: Uint8Array | string, via: Inlet): Promise<SetVerdict>;
  /**
   * Whether a push with this `Authorization` header may come from a transmitter: to be asked before its body is read,
   * where that costs. It says nothing of the token.
   */
  mayPush(authorization: string | undefined): boolean;
  /**
   * Answers one push.
   *
   * @see RFC 8935 §2
   */
  receivePush(push: Push): Promise<PushResponse>;
  /**
   * Answers a push of several tokens: those that may pass are acknowledged, those that are wrong are told, and those
   * that cannot be judged now are neither, and so come again.
   *
   * @see draft-deshpande-secevent-http-multi-set-push
   */
  receiveMultiPush(push: Push): Promise<PushResponse>;
  /**
   * Announces the `state` of a verification request, before it is sent to the transmitter: from then on a
   * verification event of this transmitter with a state that was not announced is refused.
   *
   * @param streamId - the stream that is to answer.
   * @throws TypeError for an issuer that is no registered transmitter.
   */
  expectVerification(issuer: string, state: string, streamId?: string): void;
  /**
   * Registers a transmitter, or replaces what was registered under its issuer.
   *
   * @throws TypeError for options that are not usable.
   */
  register(options: TransmitterOptions): void;
  /** Takes nothing from a transmitter any more. */
  unregister(issuer: string): void;
  /** Takes no more tokens, and resolves when those under way are judged. Idempotent. */
  close(): Promise<void>;
}

interface Registered {
  readonly transmitter: Transmitter;
  readonly verifications: VerificationStates;
}

/** What is learnt of a token on the way to its verdict. */
type Progress = { -readonly [Name in 'issuer' | 'jti' | 'eventType']?: string };

/**
 * Makes a receiver of security events.
 *
 * Checks run in one order, and a failure leaves no trace in later ones: size, header, issuer, algorithm, key,
 * signature, audience, claims, age, subject, event, stream, what the transmitter may say, replay; then `accept`, then
 * the record against replays, then the verdict. A token that had its effect and comes again is acknowledged without a
 * second one; two copies that arrive at the same moment may both reach `accept`, with one `id`.
 *
 * @throws TypeError for options that are not usable; RangeError for a limit that is not a positive integer.
 */
export function createSetReceiver(options: SetReceiverOptions): SetReceiver {
  const { singleUse, accept, onStreamEvent, clock, fetch } = options;
  const limits: ReceiverLimits = { ...SSF_LIMITS, ...options.limits };
  for (const [name, value] of Object.entries(options.limits ?? {})) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limit ${name} must be a positive integer`);
    }
  }
  const byIssuer = new Map<string, Registered>();
  const register = (one: TransmitterOptions): void => {
    const transmitter = createTransmitter(one, { clock, fetch });
    const known = byIssuer.get(one.issuer);
    known?.transmitter.keys.close();
    byIssuer.set(one.issuer, {
      transmitter,
      verifications: known?.verifications ?? createVerificationStates(),
    });
  };
  for (const one of options.transmitters) {
    if (byIssuer.has(one.issuer)) throw new TypeError(`transmitter ${one.issuer} is registered twice`);
    register(one);
  }
  const underWay = new Set<Promise<unknown>>();
  let closed = false;

  const registeredFor = (issuer: unknown, via: Inlet): Registered => {
    const registered = typeof issuer === 'string' ? byIssuer.get(issuer) : undefined;
    if (registered === undefined) throw ssfError('RTA_SSF_ISSUER');
    if (via.issuer !== undefined && via.issuer !== issuer) {
      throw ssfError('RTA_SSF_ISSUER', 'the token is of another issuer than the stream');
    }
    return registered;
  };

  const judge = async (
    body: Uint8Array | string,
    via: Inlet,
    senders: ReadonlySet<string> | undefined,
    progress: Progress,
  ): Promise<Exclude<SetVerdict, { outcome: 'refused' }>> => {
    const receivedAtMs = clock.now();
    if (body.length > limits.setBytes) {
      throw ssfError('RTA_SSF_TOO_LARGE', `a token has at most ${limits.setBytes} bytes`);
    }
    const set = decodeCompactSet(body);
    const { transmitter, verifications } = registeredFor(set.payload['iss'], via);
    if (!set.isSecurityEvent && !transmitter.legacy.has('header-type')) throw ssfError('RTA_SSF_TYPE');
    progress.issuer = transmitter.issuer;
    if (senders?.has(transmitter.issuer) === false) throw ssfError('RTA_SSF_UNAUTHENTICATED');
    await verifySignature(set, transmitter);

    checkAudience(set.payload['aud'], transmitter.audiences);
    const claims = readClaims(set.payload, transmitter.legacy);
    const { jti, eventType } = claims;
    if (via.jti !== undefined && via.jti !== jti) {
      throw ssfError('RTA_SSF_CLAIMS', 'the token is delivered under another name than its `jti`');
    }
    progress.jti = jti;
    progress.eventType = eventType;
    checkAge(claims.issuedAtMs, receivedAtMs, limits);
    const event = readEvent(claims, { transmitter, set: set.text, receivedAtMs });
    if (isAboutStream(event)) {
      checkStreamEvent(event, transmitter, verifications);
      streamChannel.publish(event);
      onStreamEvent?.(event);
      return { outcome: 'no-effect', jti, why: 'stream' };
    }
    if (transmitter.eventTypes?.has(eventType) === false) {
      return { outcome: 'no-effect', jti, why: 'event-type-not-allowed' };
    }
    const scope = withinScope(event.subject, transmitter);
    if ('outOfScope' in scope) return { outcome: 'no-effect', jti, why: scope.outOfScope };

    try {
      if (await singleUse.has(event.id)) return { outcome: 'duplicate', jti };
      const result = await accept({ ...event, subject: scope.subject }, transmitter);
      // It is not recorded: when it comes again this receiver may have learnt what it means.
      if (result !== undefined) return { outcome: 'no-effect', jti, why: result.noEffect };
      // Not before: a token that is recorded and then lost would be acknowledged without effect when it comes again.
      const lastGoodMs = event.issuedAtMs + 1 + limits.setAgeMs;
      await singleUse.claim(event.id, lastGoodMs + limits.clockSkewMs);
      return { outcome: 'accepted', jti };
    } catch (cause) {
      throw ssfError('RTA_SSF_NOT_ACCEPTED', undefined, { cause });
    }
  };

  const receive = async (
    set: Uint8Array | string,
    via: Inlet,
    senders?: ReadonlySet<string>,
  ): Promise<SetVerdict> => {
    const startedMs = clock.monotonicMs();
    const progress: Progress = {};
    const publish = (outcome: SetOutcome): void => {
      const facts: SetFacts = { way: via.way, ...progress, durationMs: clock.monotonicMs() - startedMs };
      setChannel.publish({ ...facts, ...outcome });
    };
    try {
      if (closed) throw ssfError('RTA_SSF_CLOSED');
      if (underWay.size >= limits.inFlightCount) throw ssfError('RTA_SSF_BUSY');
      const judging = judge(set, via, senders, progress);
      underWay.add(judging);
      try {
        const verdict = await judging;
        const { outcome } = verdict;
        publish(outcome === 'no-effect' ? { outcome, why: verdict.why } : { outcome });
        return verdict;
      } finally {
        underWay.delete(judging);
      }
    } catch (cause) {
      const error = isSsfError(cause) ? cause : ssfError('RTA_SSF_NOT_ACCEPTED', undefined, { cause });
      publish({ outcome: 'refused', error });
      const { jti } = progress;
      const err = setErrorCode(error);
      return { outcome: 'refused', error, err, ...(jti === undefined ? {} : { jti }) };
    }
  };

  const pushes = createPushReceivers({
    receive,
    transmitters: () => [...byIssuer.values()].map(({ transmitter }) => transmitter),
    isClosed: () => closed,
    clock,
    limits,
  });

  const close = async (): Promise<void> => {
    closed = true;
    for (const { transmitter } of byIssuer.values()) transmitter.keys.close();
    await Promise.allSettled(underWay);
  };

  return {
    receive: (set, via) => receive(set, via),
    ...pushes,
    expectVerification(issuer, state, streamId) {
      const registered = byIssuer.get(issuer);
      if (registered === undefined) throw new TypeError(`${issuer} is no registered transmitter`);
      registered.verifications.expect(state, streamId);
    },
    register,
    unregister(issuer) {
      byIssuer.get(issuer)?.transmitter.keys.close();
      byIssuer.delete(issuer);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const STREAM_EVENTS: ReadonlySet<string> = new Set(Object.values(SSF_EVENTS));

function isAboutStream({ event }: ReceivedEvent): boolean {
  return STREAM_EVENTS.has(event.type);
}

/** @throws RtaError `RTA_SSF_STATE` */
function checkStreamEvent(
  { event, subject }: ReceivedEvent,
  { streamId, expectsState }: Transmitter,
  verifications: VerificationStates,
): void {
  checkStream(streamId, subject);
  if ('value' in event && event.type === SSF_EVENTS.verification) {
    verifications.check(event.value.state, subject, expectsState);
  }
}
