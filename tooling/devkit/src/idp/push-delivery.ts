import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type Clock, isRtaError } from '@rta/core';
import { devIdpError } from './errors.ts';
import { DEV_IDP_LIMITS } from './limits.ts';
import { isLoopback } from './loopback.ts';
import type { SignedEvent } from './security-event.ts';

/** Where events go: one stream of one receiver. */
export interface EventReceiver {
  /** Push endpoint (RFC 8935); `https:`, or `http:` to a loopback address. */
  readonly endpointUrl: string;
  /** The `aud` of events. */
  readonly audience: string;
  /** Sent as the `Authorization` header, verbatim (SSF 1.0 §6.1.1). */
  readonly authorizationHeader?: string;
  /** PEM of the authority that issued the receiver's certificate, for a private one. */
  readonly ca?: string;
}

/** What became of an event that was pushed. */
export interface PushResult {
  readonly jti: string;
  /** 202 where the receiver accepted it. */
  readonly status: number;
  /** The receiver's error code, where it answered 400 with one (RFC 8935 §2.4). */
  readonly err?: string;
  /** Monotonic milliseconds just before the request was made: `performance.now()` on the machine's clock. */
  readonly sentAtMs: number;
}

/** Pushes events to one receiver over connections that are kept open. */
export interface PushDelivery {
  readonly receiver: EventReceiver;
  /**
   * Pushes one event and waits for the answer.
   *
   * @throws RtaError `RTA_DEVIDP_PUSH` where no answer came; the reason of `signal` once that is aborted.
   */
  push(event: SignedEvent, options?: { readonly signal?: AbortSignal }): Promise<PushResult>;
  /** Closes the connections. */
  close(): void;
}

/**
 * Makes the sending half of RFC 8935.
 *
 * @throws TypeError where the endpoint is neither `https:` nor `http:` to a loopback address.
 */
export function createPushDelivery(receiver: EventReceiver, clock: Clock): PushDelivery {
  const url = new URL(receiver.endpointUrl);
  const secure = url.protocol === 'https:';
  if (!secure && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new TypeError('endpointUrl must be https:, or http: to a loopback address');
  }
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, ...(receiver.ca === undefined ? {} : { ca: receiver.ca }) })
    : new HttpAgent({ keepAlive: true });
  const request = secure ? httpsRequest : httpRequest;

  return {
    receiver,
    async push({ jti, set }, { signal } = {}) {
      const timeout = AbortSignal.timeout(DEV_IDP_LIMITS.pushTimeoutMs);
      const headers = {
        'Content-Type': 'application/secevent+jwt',
        Accept: 'application/json',
        'Content-Length': Buffer.byteLength(set),
        ...(receiver.authorizationHeader === undefined
          ? {}
          : { Authorization: receiver.authorizationHeader }),
      };
      const sentAtMs = clock.monotonicMs();
      try {
        const sent = request(url, {
          method: 'POST',
          agent,
          headers,
          signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        });
        const answer = await answerTo(sent, set);
        const err = answer.statusCode === 400 ? errorCode(await readAnswer(answer)) : undefined;
        answer.resume();
        return { jti, status: answer.statusCode ?? 0, sentAtMs, ...(err === undefined ? {} : { err }) };
      } catch (cause) {
        signal?.throwIfAborted();
        if (isRtaError(cause)) throw cause;
        throw devIdpError('RTA_DEVIDP_PUSH', undefined, {
          cause,
          details: { endpoint: receiver.endpointUrl },
        });
      }
    },
    close: () => agent.destroy(),
  };
}

function answerTo(request: ClientRequest, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
    request.end(body);
  });
}

async function readAnswer(answer: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > DEV_IDP_LIMITS.answerBytes) {
      throw devIdpError('RTA_DEVIDP_PUSH', `the answer is longer than ${DEV_IDP_LIMITS.answerBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function errorCode(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null && 'err' in answer && typeof answer.err === 'string') {
      return answer.err;
    }
  } catch {
    // Not JSON: the status says all there is.
  }
  return undefined;
}
