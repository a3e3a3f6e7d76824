import type { Clock, RtaError } from '@rta/core';
import type { Fetch } from '../http/fetch.ts';
import { isSsfHttpError } from '../http/http-errors.ts';
import { SSF_LIMITS } from '../limits.ts';
import type { SetReceiver, SetVerdict } from '../receiver/set-receiver.ts';
import { ssfClientError } from './client-errors.ts';
import { SSF_CLIENT_LIMITS } from './client-limits.ts';
import { parsePollAnswer } from './poll-answer.ts';
import { createRetry, wait } from './retry.ts';
import { answerError } from './stream-client.ts';

/** How the polling of a stream goes. */
export interface PollHealth {
  /** UNIX milliseconds of the last answer that was in order. */
  readonly lastAnswerAtMs: number | undefined;
  /** What the last attempt failed with; undefined where it did not. */
  readonly lastError: Error | undefined;
}

/** Receives the events of one stream by polling. */
export interface PollClient extends AsyncDisposable {
  health(): PollHealth;
  /** Ends the poll that waits, and acknowledges what has been received. Idempotent. */
  close(): Promise<void>;
}

/** Options of {@link createPollClient}. */
export interface PollClientOptions {
  /** Issuer of the stream: `iss` of every token must be that one. */
  readonly issuer: string;
  /** `endpoint_url` of the stream's delivery. */
  readonly endpointUrl: string;
  /** An authorized one, which reads answers of `SSF_CLIENT_LIMITS.pollBytes` and waits `pollTimeoutMs`. */
  readonly fetch: Fetch;
  readonly receiver: Pick<SetReceiver, 'receive'>;
  readonly clock: Clock;
  /** The transmitter has no such stream any more: polling has ended. */
  readonly onGone?: (error: Error) => void;
  /** {@link PollClient.health} may have changed. */
  readonly onAttempt?: () => void;
}

/** Why a token was not taken, as the transmitter is told. */
interface SetError {
  readonly err: string;
  readonly description: string;
}

/**
 * Polls a stream until it is closed: waits at the transmitter for events, hands each to the receiver, and says with the
 * next poll what became of them. A token is acknowledged when the receiver has taken it, that is when it is durable;
 * one that may be taken later is not mentioned, so that the transmitter sends it again. So it does after a restart.
 *
 * @see RFC 8936 §2
 */
export function createPollClient(options: PollClientOptions): PollClient {
  const { issuer, endpointUrl, fetch, receiver, clock, onGone, onAttempt } = options;
  const closing = new AbortController();
  const retry = createRetry();
  /** What the transmitter was not told yet: undefined for an acknowledgement. */
  const reports = new Map<string, SetError | undefined>();
  let maxEvents: number = SSF_CLIENT_LIMITS.pollEventsCount;
  let lastAnswerAtMs: number | undefined;
  let lastError: Error | undefined;

  /** One request; what it reported is forgotten when it was answered. */
  const request = async (
    ask: { readonly maxEvents: number; readonly returnImmediately: boolean },
    signal: AbortSignal,
  ): Promise<ReturnType<typeof parsePollAnswer>> => {
    const told = [...reports].slice(0, SSF_CLIENT_LIMITS.pollAcksCount);
    const response = await fetch(endpointUrl, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        'content-language': 'en',
      },
      body: pollRequest(ask, told),
      signal,
    });
    if (response.status !== 200) {
      // It may be one of these that it finds fault with. What is not acknowledged comes again.
      if (response.status === 400) reports.clear();
      throw answerError(issuer, response);
    }
    const answer = parsePollAnswer(await response.text());
    for (const [jti] of told) reports.delete(jti);
    return answer;
  };

  /** @returns whether anything of the answer was new. */
  const take = async (sets: readonly (readonly [string, unknown])[]): Promise<boolean> => {
    let isNew = false;
    const waiting = sets.values();
    const work = async (): Promise<void> => {
      for (const [jti, set] of waiting) {
        // A name that no token may have is not repeated to the transmitter, however many there are.
        if (jti === '' || jti.length > SSF_LIMITS.nameCharacters) continue;
        if (typeof set !== 'string') {
          reports.set(jti, { err: 'invalid_request', description: 'the token is not a string' });
          continue;
        }
        const verdict = await receiver.receive(set, { way: 'poll', issuer, jti });
        if (verdict.outcome === 'accepted' || verdict.outcome === 'no-effect') isNew = true;
        const report = reportOf(verdict);
        if (report !== undefined) reports.set(jti, report.error);
      }
    };
    await Promise.all(Array.from({ length: SSF_CLIENT_LIMITS.pollValidationsCount }, work));
    return isNew;
  };

  const pollOnce = async (): Promise<void> => {
    const startedMs = clock.monotonicMs();
    // More reports than one request holds are told first, without asking for more.
    const isFull = reports.size > SSF_CLIENT_LIMITS.pollAcksCount;
    const answer = await request(
      { maxEvents: isFull ? 0 : maxEvents, returnImmediately: isFull },
      closing.signal,
    );
    lastAnswerAtMs = clock.now();
    lastError = undefined;
    onAttempt?.();
    retry.succeeded();
    const isNew = await take(answer.sets);
    // Slowly: what was too large once may be again.
    maxEvents = Math.min(SSF_CLIENT_LIMITS.pollEventsCount, maxEvents + 1);
    if (isFull || isNew) return;
    const spentMs = clock.monotonicMs() - startedMs;
    await wait(clock, SSF_CLIENT_LIMITS.pollSpacingMs - spentMs, closing.signal);
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await pollOnce();
      } catch (error) {
        if (closing.signal.aborted) return;
        lastError = asError(error);
        onAttempt?.();
        if (isSsfHttpError(error) && error.code === 'RTA_SSF_ANSWER_TOO_LARGE') {
          maxEvents = Math.max(1, Math.floor(maxEvents / 2));
        }
        if ((error as Partial<RtaError>).code === 'RTA_SSF_STREAM_UNKNOWN') {
          onGone?.(lastError);
          return;
        }
        await wait(clock, retry.afterMs(error), closing.signal);
      }
    }
  };
  const running = run();

  const close = async (): Promise<void> => {
    if (!closing.signal.aborted) closing.abort();
    await running;
    const late = new AbortController();
    const timer = clock.after(SSF_CLIENT_LIMITS.pollCloseMs, () => late.abort());
    try {
      while (reports.size > 0) await request({ maxEvents: 0, returnImmediately: true }, late.signal);
    } catch {
      // They come again after the restart, and are known by then.
      reports.clear();
    } finally {
      timer.cancel();
    }
  };

  return {
    health: () => ({ lastAnswerAtMs, lastError }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What the transmitter is told of a token; undefined where it is to send it again. @see RFC 8936 §2.4 */
function reportOf(verdict: SetVerdict): { readonly error: SetError | undefined } | undefined {
  if (verdict.outcome !== 'refused') return { error: undefined };
  const { err, error } = verdict;
  return err === undefined ? undefined : { error: { err, description: error.message } };
}

/** @see RFC 8936 §2.2 */
function pollRequest(
  ask: { readonly maxEvents: number; readonly returnImmediately: boolean },
  told: readonly (readonly [jti: string, error: SetError | undefined])[],
): string {
  const ack = told.filter(([, error]) => error === undefined).map(([jti]) => jti);
  const errors = told.filter(([, error]) => error !== undefined);
  return JSON.stringify({
    ...ask,
    ...(ack.length === 0 ? {} : { ack }),
    ...(errors.length === 0 ? {} : { setErrs: Object.fromEntries(errors) }),
  });
}

function asError(error: unknown): Error {
  return error instanceof Error
    ? error
    : ssfClientError('RTA_SSF_STREAM_UNAVAILABLE', undefined, { cause: error });
}
