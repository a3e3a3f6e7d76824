import type { Clock } from '@rta/core';

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
