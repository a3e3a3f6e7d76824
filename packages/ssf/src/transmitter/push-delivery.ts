import { randomInt } from 'node:crypto';
import type { Clock, Timer } from '@rta/core';
import { SSF_TRANSMITTER_LIMITS } from './transmitter-limits.ts';

/** What came of one push. */
export type PushResult =
  | { readonly outcome: 'delivered' }
  /** 400: the token is not good, and will not be when it comes again. @see RFC 8935 §2.4, §4 */
  | { readonly outcome: 'refused'; readonly err: string; readonly description?: string }
  | { readonly outcome: 'failed'; readonly why: string; readonly retryAfterMs?: number };

/** The header and the body of an answer are the receiver's; as much of them is kept. */
const MAX_ANSWER_CHARACTERS = 256;

/**
 * Pushes one token.
 *
 * @see RFC 8935 §2: exactly 202 says that it was taken.
 */
export async function pushSet(options: {
  readonly endpointUrl: string;
  readonly authorizationHeader: string | undefined;
  readonly set: string;
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly closing: AbortSignal;
}): Promise<PushResult> {
  const { endpointUrl, authorizationHeader, set, fetch, clock, timeoutMs, closing } = options;
  const timeout = new AbortController();
  const timer = clock.after(timeoutMs, () => timeout.abort());
  try {
    const response = await fetch(endpointUrl, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/secevent+jwt',
        Accept: 'application/json',
        ...(authorizationHeader === undefined ? {} : { Authorization: authorizationHeader }),
      },
      body: set,
      redirect: 'manual',
      signal: AbortSignal.any([timeout.signal, closing]),
    });
    if (response.status === 202) {
      await response.body?.cancel();
      return { outcome: 'delivered' };
    }
    if (response.status === 400) return refusalOf(await firstText(response));
    await response.body?.cancel();
    const retryAfterMs = parseRetryAfter(response.headers.get('Retry-After'), clock.now());
    return {
      outcome: 'failed',
      why: `status ${response.status}`,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  } catch (error) {
    const { code } = error as { code?: unknown };
    return {
      outcome: 'failed',
      why: timeout.signal.aborted ? 'timeout' : typeof code === 'string' ? code : 'unreachable',
    };
  } finally {
    timer.cancel();
  }
}

/** The first part of a body; the rest is not read. */
async function firstText(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < 16_384) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.byteLength;
  }
  await reader.cancel();
  return Buffer.concat(chunks).toString('utf8');
}

function refusalOf(text: string): PushResult {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // The status alone counts.
  }
  const { err, description } = (body ?? {}) as { err?: unknown; description?: unknown };
  return {
    outcome: 'refused',
    err: typeof err === 'string' && /^[\w.-]{1,64}$/.test(err) ? err : 'unspecified',
    ...(typeof description === 'string' ? { description: oneLine(description) } : {}),
  };
}

/** What a receiver says for people: one line, bounded. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, MAX_ANSWER_CHARACTERS);
}

/** @see RFC 9110 §10.2.3 */
function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const atMs = new Date(value).getTime();
  return Number.isFinite(atMs) ? Math.max(0, atMs - nowMs) : undefined;
}

/** Does something again and again until there is nothing to do; after a failure, later. */
export interface Worker {
  /** There may be something to do. Where it waits after a failure, it goes on waiting. */
  wake(): void;
  /** What made it fail may be gone: it tries at once. */
  retryNow(): void;
  /** Resolves when what runs has ended; it begins nothing new. */
  stop(): Promise<void>;
}

/** What one step of a worker came to. */
export type Step =
  | 'more'
  | 'idle'
  | { readonly failures: number; readonly retryAfterMs?: number }
  | { readonly waitMs: number };

/**
 * Makes a worker.
 *
 * @param step - one thing that is done. After failures the wait doubles each time, with jitter so that receivers that
 *   were down are not met by all at once; it is at least what the receiver asked for, and never above the limit.
 */
export function createWorker(options: { readonly clock: Clock; readonly step: () => Promise<Step> }): Worker {
  const { clock, step } = options;
  const { pushRetryMs, pushRetryMaxMs } = SSF_TRANSMITTER_LIMITS;
  let running: Promise<void> | undefined;
  let isWoken = false;
  let isStopped = false;
  let timer: Timer | undefined;

  const backoffMs = (failures: number, retryAfterMs: number): number => {
    const growing = Math.min(pushRetryMaxMs, pushRetryMs * 2 ** Math.min(failures - 1, 30));
    const jittered = growing / 2 + (growing / 2) * (randomInt(1_000_000) / 1_000_000);
    return Math.min(pushRetryMaxMs, Math.max(jittered, retryAfterMs));
  };
  const wait = (delayMs: number): void => {
    timer = clock.after(delayMs, () => {
      timer = undefined;
      wake();
    });
  };
  const run = async (): Promise<void> => {
    while (!isStopped) {
      isWoken = false;
      const came = await step();
      if (isStopped || came === 'more') continue;
      if (came === 'idle') {
        if (isWoken) continue;
        return;
      }
      wait('waitMs' in came ? came.waitMs : backoffMs(came.failures, came.retryAfterMs ?? 0));
      return;
    }
  };
  const wake = (): void => {
    isWoken = true;
    if (isStopped || timer !== undefined || running !== undefined) return;
    running = run().finally(() => {
      running = undefined;
      // Woken between the last look and the end.
      if (isWoken && timer === undefined) wake();
    });
  };

  return {
    wake,
    retryNow() {
      timer?.cancel();
      timer = undefined;
      wake();
    },
    async stop() {
      isStopped = true;
      timer?.cancel();
      timer = undefined;
      await running;
    },
  };
}
