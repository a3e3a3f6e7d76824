import type { fetch } from 'undici';
import type { Json, ScriptedAnswer, ScriptedRequest } from './http.ts';
import type { ScriptedSet } from './set-maker.ts';

/** What a receiver said of a token. */
export type Verdict =
  | { readonly acknowledged: true }
  | { readonly acknowledged: false; readonly err: unknown; readonly description: unknown }
  /** An answer that no specification has. */
  | { readonly acknowledged: false; readonly fault: string };

/** A way from the transmitter to the receiver. */
export interface Delivery {
  /** Resolves when the receiver has said what it makes of the token. */
  deliver(set: ScriptedSet): Promise<Verdict>;
}

/** The part of `fetch` that a push needs. */
export type Fetch = typeof fetch;

/** Delivery by push, with the exact answers that the certification suite accepts. @see RFC 8935 §2 */
export function openPushDelivery(delivery: Json, fetch: Fetch): Delivery {
  return {
    async deliver({ text }) {
      const response = await fetch(String(delivery['endpoint_url']), {
        method: 'POST',
        headers: {
          'Content-Type': 'application/secevent+jwt',
          ...(typeof delivery['authorization_header'] === 'string'
            ? { Authorization: delivery['authorization_header'] }
            : {}),
        },
        body: text,
      });
      const body = await response.text();
      if (response.status === 202) {
        return body === '' ? { acknowledged: true } : fault(`202 with a body: ${body}`);
      }
      if (response.status !== 400) return fault(`status ${response.status}`);
      if (!/^application\/json\b/.test(response.headers.get('Content-Type') ?? '')) {
        return fault('400 without JSON');
      }
      if (response.headers.get('Content-Language') === null) return fault('400 without Content-Language');
      const { err, description } = JSON.parse(body) as Json;
      return { acknowledged: false, err, description };
    },
  };
}

/** Delivery by poll: what waits, who polls, and who waits for a verdict. */
export interface PollDelivery extends Delivery {
  answer(request: ScriptedRequest): Promise<ScriptedAnswer>;
}

/** How long a poll with nothing to tell is held. */
const LONG_POLL_MS = 2_000;

/** Delivery by poll. @see RFC 8936 §2 */
export function openPollDelivery(): PollDelivery {
  const waiting = new Map<string, { readonly text: string; readonly settle: (verdict: Verdict) => void }>();
  let wake: (() => void) | undefined;

  const take = (body: Json): void => {
    for (const jti of (body['ack'] ?? []) as readonly string[]) {
      waiting.get(jti)?.settle({ acknowledged: true });
      waiting.delete(jti);
    }
    for (const [jti, { err, description }] of Object.entries(
      (body['setErrs'] ?? {}) as Record<string, Json>,
    )) {
      waiting.get(jti)?.settle({ acknowledged: false, err, description });
      waiting.delete(jti);
    }
  };

  return {
    deliver: ({ jti, text }) =>
      new Promise((resolve) => {
        waiting.set(jti, { text, settle: resolve });
        wake?.();
      }),
    async answer({ method, body, gone }) {
      if (method !== 'POST') return { status: 405 };
      const poll = JSON.parse(body === '' ? '{}' : body) as Json;
      take(poll);
      const maxEvents = typeof poll['maxEvents'] === 'number' ? poll['maxEvents'] : 100;
      if (waiting.size === 0 && poll['returnImmediately'] !== true) await somethingToTell(gone);
      const sets = [...waiting].slice(0, maxEvents).map(([jti, { text }]) => [jti, text] as const);
      return {
        status: 200,
        body: {
          sets: Object.fromEntries(sets),
          ...(waiting.size > sets.length ? { moreAvailable: true } : {}),
        },
      };
    },
  };

  function somethingToTell(gone: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LONG_POLL_MS);
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      wake = end;
      gone.addEventListener('abort', end, { once: true });
    });
  }
}

function fault(what: string): Verdict {
  return { acknowledged: false, fault: what };
}
