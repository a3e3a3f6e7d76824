import type { Signal } from '@rta/authority';
import type { Clock } from '@rta/core';
import type { SingleUseKeys } from '@rta/store';
import { checkAge, checkAudience, readClaims } from './claims.ts';
import { decodeCompactSet } from './compact-set.ts';
import { type PushOutcome, pushChannel } from './diagnostics.ts';
import { isSsfError, ssfError } from './errors.ts';
import { createVerificationStates, type VerificationStates } from './events/verification.ts';
import { judgeSet } from './judge-set.ts';
import { type ReceiverLimits, SSF_LIMITS } from './limits.ts';
import { acknowledge, type PushResponse, refuse } from './respond.ts';
import { createTransmitter, type Transmitter, type TransmitterOptions } from './transmitter.ts';
import { verifySignature } from './verify-set.ts';

/** Where signals come from, for the audit log. */
export interface SetContext {
  /** Issuer of the transmitter. */
  readonly transmitter: string;
  /** URI of the event's type. */
  readonly eventType: string;
  /** The Security Event Token as it was signed: the proof of what was said. */
  readonly set: string;
}

/** Options of {@link createSetReceiver}. */
export interface SetReceiverOptions {
  /** Who may send; each issuer once. */
  readonly transmitters: readonly TransmitterOptions[];
  /** Remembers which tokens have had their effect; nodes that share it recognise each other's. */
  readonly singleUse: SingleUseKeys;
  /**
   * Takes the signals of one token. The token is acknowledged when the promise resolves, so resolve it once the
   * signals are durable (invariant I2). It may be called again with signals of the same `id`.
   */
  readonly accept: (signals: readonly Signal[], context: SetContext) => Promise<void>;
  readonly clock: Clock;
  /** How key sets are fetched; the platform's `fetch` by default. */
  readonly fetch?: typeof globalThis.fetch;
  /** Overrides of the limits of this receiver. */
  readonly limits?: Partial<ReceiverLimits>;
}

/** One push, as an HTTP server sees it. The method is POST, and TLS is the server's matter. */
export interface Push {
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Uint8Array;
}

/** Receives Security Event Tokens. */
export interface SetReceiver extends AsyncDisposable {
  /**
   * Judges one push. Never rejects: what goes wrong is in the answer, and on the diagnostics channel `rta:ssf.push`.
   *
   * @see RFC 8935 §2
   */
  receivePush(push: Push): Promise<PushResponse>;
  /**
   * Announces the `state` of a verification request, before it is sent to the transmitter: from then on a
   * verification event of this transmitter with a state that was not announced is refused.
   *
   * @throws TypeError for an issuer that is no registered transmitter.
   */
  expectVerification(issuer: string, state: string): void;
  /** Takes no more pushes, and resolves when those under way are answered. Idempotent. */
  close(): Promise<void>;
}

interface Registered {
  readonly transmitter: Transmitter;
  readonly verifications: VerificationStates;
}

/** What is learnt of a push on the way to its answer. */
type Progress = { -readonly [Name in 'issuer' | 'jti' | 'eventType']?: string };

/**
 * Makes a receiver of CAEP events that are pushed as RFC 8935 says.
 *
 * Checks run in one order, and a failure leaves no trace in later ones: size, content type, `Authorization`, header,
 * issuer, algorithm, key, signature, audience, claims, age, subject, event, replay; then `accept`, then the record
 * against replays, then the answer. A token that had its effect and comes again is acknowledged without a second
 * one; two copies that arrive at the same moment may both reach `accept`, with one `id`.
 *
 * @throws TypeError for options that are not usable; RangeError for a limit that is not a positive integer.
 */
export function createSetReceiver(options: SetReceiverOptions): SetReceiver {
  const { singleUse, accept, clock, fetch = globalThis.fetch } = options;
  const limits: ReceiverLimits = { ...SSF_LIMITS, ...options.limits };
  for (const [name, value] of Object.entries(options.limits ?? {})) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limit ${name} must be a positive integer`);
    }
  }
  const byIssuer = new Map<string, Registered>();
  for (const one of options.transmitters) {
    if (byIssuer.has(one.issuer)) throw new TypeError(`transmitter ${one.issuer} is registered twice`);
    const transmitter = createTransmitter(one, { clock, fetch });
    byIssuer.set(one.issuer, { transmitter, verifications: createVerificationStates(transmitter.streamId) });
  }
  const underWay = new Set<Promise<unknown>>();
  let closed = false;

  /** Which transmitters this push may come from, by its header alone. All are asked, whatever the first says. */
  const authorized = (authorization: string | undefined): ReadonlySet<string> => {
    const all = [...byIssuer.values()].map(({ transmitter }) => transmitter);
    const those = all.map((transmitter) => transmitter.authorizes(authorization));
    return new Set(all.filter((_, index) => those[index]).map(({ issuer }) => issuer));
  };

  const judge = async (push: Push, progress: Progress): Promise<PushOutcome> => {
    const receivedAtMs = clock.now();
    if (push.body.byteLength > limits.setBytes) {
      throw ssfError('RTA_SSF_TOO_LARGE', `a token has at most ${limits.setBytes} bytes`);
    }
    if (mediaType(push.contentType) !== 'application/secevent+jwt') throw ssfError('RTA_SSF_MEDIA_TYPE');
    const issuers = authorized(push.authorization);
    if (issuers.size === 0) throw ssfError('RTA_SSF_UNAUTHENTICATED');

    const set = decodeCompactSet(push.body);
    const { iss } = set.payload;
    const registered = typeof iss === 'string' ? byIssuer.get(iss) : undefined;
    if (registered === undefined) throw ssfError('RTA_SSF_ISSUER');
    const { transmitter, verifications } = registered;
    progress.issuer = transmitter.issuer;
    if (!issuers.has(transmitter.issuer)) throw ssfError('RTA_SSF_UNAUTHENTICATED');
    await verifySignature(set, transmitter);

    checkAudience(set.payload['aud'], transmitter.audiences);
    const claims = readClaims(set.payload);
    progress.jti = claims.jti;
    progress.eventType = claims.eventType;
    checkAge(claims.issuedAtMs, receivedAtMs, limits);
    const judgement = judgeSet(claims, { transmitter, verifications, receivedAtMs });
    if ('noEffect' in judgement) return { outcome: 'no-effect', why: judgement.noEffect };

    const { signal } = judgement;
    try {
      if (await singleUse.has(signal.id)) return { outcome: 'duplicate' };
      await accept([signal], {
        transmitter: transmitter.issuer,
        eventType: claims.eventType,
        set: set.text,
      });
      // Not before: a token that is recorded and then lost would be acknowledged without effect when it comes again.
      const lastGoodMs = Math.ceil(claims.issuedAtMs) + limits.setAgeMs;
      await singleUse.claim(signal.id, lastGoodMs + limits.clockSkewMs);
    } catch (cause) {
      throw ssfError('RTA_SSF_NOT_ACCEPTED', undefined, { cause });
    }
    return { outcome: 'accepted' };
  };

  const answer = async (push: Push): Promise<PushResponse> => {
    const startedMs = clock.monotonicMs();
    const progress: Progress = {};
    const publish = (outcome: PushOutcome): void =>
      pushChannel.publish({ ...progress, ...outcome, durationMs: clock.monotonicMs() - startedMs });
    try {
      if (closed) throw ssfError('RTA_SSF_CLOSED');
      if (underWay.size >= limits.inFlightCount) throw ssfError('RTA_SSF_BUSY');
      const judging = judge(push, progress);
      underWay.add(judging);
      try {
        publish(await judging);
      } finally {
        underWay.delete(judging);
      }
      return acknowledge();
    } catch (cause) {
      const error = isSsfError(cause) ? cause : ssfError('RTA_SSF_NOT_ACCEPTED', undefined, { cause });
      publish({ outcome: 'refused', error });
      return refuse(error);
    }
  };

  const close = async (): Promise<void> => {
    closed = true;
    for (const { transmitter } of byIssuer.values()) transmitter.keys.close();
    await Promise.allSettled(underWay);
  };

  return {
    receivePush: answer,
    expectVerification(issuer, state) {
      const registered = byIssuer.get(issuer);
      if (registered === undefined) throw new TypeError(`${issuer} is no registered transmitter`);
      registered.verifications.expect(state);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The media type of a header value, without its parameters. */
function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase();
}
