import { type Clock, diagnostics, isRtaError } from '@rta/core';
import { idpError } from './errors.ts';
import { IDP_LIMITS } from './limits.ts';

/** What is asked of an issuer. */
export type IssuerRequest = 'metadata' | 'jwks' | 'introspection';

/** One request to an issuer, as told on the diagnostics channel `rta:idp.fetch`. */
export interface IdpFetchMessage {
  readonly issuer: string;
  readonly request: IssuerRequest;
  /** How it ended: `ok`, `aborted` by the caller, or an error code. */
  readonly outcome: string;
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  readonly durationMs: number;
}

const channel = diagnostics<IdpFetchMessage>('idp.fetch');

/** An answer of an issuer, whatever its status. */
interface JsonAnswer {
  readonly status: number;
  /** The parsed body; undefined where it is not JSON by its type or its text. */
  readonly json: unknown;
}

interface JsonFetchOptions {
  readonly issuer: string;
  readonly request: IssuerRequest;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST as a form; GET where absent. */
  readonly form?: URLSearchParams;
  readonly signal?: AbortSignal | undefined;
}

/** Bounded requests for JSON: in size, in time, and to the URL that was asked for only. */
export interface JsonFetcher {
  /**
   * @throws RtaError `RTA_IDP_UNAVAILABLE`, `RTA_IDP_RESPONSE` (redirect, or too large), `RTA_IDP_CLOSED`; the
   *   reason of `signal` where that ended it.
   */
  fetchJson(options: JsonFetchOptions): Promise<JsonAnswer>;
  /** Ends the requests that run; later ones fail with `RTA_IDP_CLOSED`. Idempotent. */
  close(): void;
}

/** Makes a fetcher over any implementation of `fetch` that honours `redirect: 'manual'` and `signal`. */
export function createJsonFetcher(options: {
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
}): JsonFetcher {
  const { fetch, clock } = options;
  const closing = new AbortController();

  const request = async (asked: JsonFetchOptions): Promise<JsonAnswer> => {
    const { issuer, request, url, headers, form, signal } = asked;
    const done = new AbortController();
    let timedOut = false;
    const timer = clock.after(IDP_LIMITS.fetchTimeoutMs, () => {
      timedOut = true;
      done.abort();
    });
    try {
      const response = await fetch(url, {
        ...(form === undefined ? {} : { method: 'POST', body: form }),
        headers: { accept: 'application/json', ...headers },
        redirect: 'manual',
        cache: 'no-store',
        signal: AbortSignal.any([done.signal, closing.signal, ...(signal === undefined ? [] : [signal])]),
      });
      return { status: response.status, json: await readJson(response, asked) };
    } catch (cause) {
      if (isRtaError(cause)) throw cause;
      signal?.throwIfAborted();
      if (closing.signal.aborted) throw idpError('RTA_IDP_CLOSED');
      throw idpError('RTA_IDP_UNAVAILABLE', undefined, {
        details: { issuer, request, reason: timedOut ? 'timeout' : 'network' },
        cause,
      });
    } finally {
      timer.cancel();
      // Lets go of a body that was not read to its end.
      done.abort();
    }
  };

  return {
    async fetchJson(asked) {
      const startedMs = clock.monotonicMs();
      const publish = (outcome: string, status?: number): void =>
        channel.publish({
          issuer: asked.issuer,
          request: asked.request,
          outcome,
          ...(status === undefined ? {} : { status }),
          durationMs: clock.monotonicMs() - startedMs,
        });
      try {
        const answer = await request(asked);
        publish('ok', answer.status);
        return answer;
      } catch (error) {
        publish(isRtaError(error) ? error.code : 'aborted');
        throw error;
      }
    },
    close: () => closing.abort(),
  };
}

async function readJson(response: Response, asked: JsonFetchOptions): Promise<unknown> {
  const { issuer, request } = asked;
  const { status } = response;
  // A redirect could lead a token or our client secret elsewhere. Some fetches hide its status behind the type.
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    throw idpError('RTA_IDP_RESPONSE', undefined, { details: { issuer, request, reason: 'redirect' } });
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > IDP_LIMITS.maxResponseBytes) {
      throw idpError('RTA_IDP_RESPONSE', undefined, { details: { issuer, request, reason: 'too large' } });
    }
    chunks.push(chunk);
  }
  if (!isJsonType(response.headers.get('content-type'))) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function isJsonType(contentType: string | null): boolean {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return type === 'application/json' || (type.startsWith('application/') && type.endsWith('+json'));
}
