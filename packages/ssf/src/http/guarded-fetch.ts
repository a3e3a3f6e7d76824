import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '@rta/core';
import { Agent, type Dispatcher } from 'undici';
import { type AddressPolicy, createAddressPolicy } from './address-policy.ts';
import { isSsfHttpError, ssfHttpError } from './http-errors.ts';
import { SSF_HTTP_LIMITS } from './http-limits.ts';

/** Options of {@link createGuardedFetch}. */
export interface GuardedFetchOptions {
  readonly clock: Clock;
  /** Host names whose addresses may be private, because the operator gave them; as in a URL, without port. */
  readonly trustedHosts?: readonly string[];
  /** Lets every host have private addresses: for closed networks. False by default. */
  readonly allowPrivateAddresses?: boolean;
  /** Lets `http` URLs of the loopback interface through: for development. False by default. */
  readonly allowLoopbackHttp?: boolean;
  /** From the request to the last byte of the answer; `SSF_HTTP_LIMITS.timeoutMs` by default. */
  readonly timeoutMs?: number;
  /** The largest body of an answer; `SSF_HTTP_LIMITS.responseBytes` by default. */
  readonly responseBytes?: number;
  /** Resolves names; `lookup` of `node:dns` by default. */
  readonly lookup?: LookupFunction;
}

/** A `fetch` for URLs that other parties name. */
export interface GuardedFetch extends AsyncDisposable {
  /**
   * Makes one request. The answer has arrived as a whole when the promise resolves.
   *
   * @throws RtaError `RTA_SSF_URL_REFUSED`, `RTA_SSF_ADDRESS_REFUSED`, `RTA_SSF_REDIRECT`, `RTA_SSF_ANSWER_TOO_LARGE`,
   *   `RTA_SSF_UNREACHABLE`; the reason of the signal where that ended it.
   */
  (input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Breaks off what is under way; later requests fail with `RTA_SSF_UNREACHABLE`. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes a `fetch` that cannot be sent against the inside of a network: https only, no redirects, no credentials in
 * URLs, and only public addresses, which are checked as the connection is made, so that a name that changes its
 * address in between gains nothing. Answers are bounded in size and time and are never decompressed. Proxies that the
 * environment names are not used.
 *
 * @throws RangeError for a limit that is not a positive integer.
 */
export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const {
    clock,
    trustedHosts = [],
    allowPrivateAddresses = false,
    allowLoopbackHttp = false,
    timeoutMs = SSF_HTTP_LIMITS.timeoutMs,
    responseBytes = SSF_HTTP_LIMITS.responseBytes,
    lookup = systemLookup,
  } = options;
  for (const limit of [timeoutMs, responseBytes]) {
    if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError('a limit must be a positive integer');
  }
  const policy = createAddressPolicy({ trustedHosts, allowPrivateAddresses, allowLoopbackHttp });
  const agent = new Agent({
    connect: { lookup: guardedLookup(policy, lookup) },
    connections: SSF_HTTP_LIMITS.connectionsPerHostCount,
    // One time limit counts, and it is that of the clock.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const closing = new AbortController();

  const guardedFetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = checkedUrl(input instanceof Request ? input.url : input, policy);
    const request = new Request(input, init);
    const timeout = new AbortController();
    const timer = clock.after(timeoutMs, () => timeout.abort());
    try {
      const body = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
      const answer = await agent.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method,
        headers: Object.fromEntries(request.headers),
        body,
        signal: AbortSignal.any([request.signal, timeout.signal, closing.signal]),
      });
      return await readAnswer(answer, responseBytes);
    } catch (cause) {
      if (isSsfHttpError(cause)) throw cause;
      request.signal.throwIfAborted();
      const reason = closing.signal.aborted ? 'closed' : timeout.signal.aborted ? 'timeout' : 'network';
      throw ssfHttpError('RTA_SSF_UNREACHABLE', undefined, {
        details: { host: url.host, reason },
        cause,
      });
    } finally {
      timer.cancel();
    }
  };

  const close = async (): Promise<void> => {
    closing.abort();
    await agent.destroy();
  };

  return Object.assign(guardedFetch, { close, [Symbol.asyncDispose]: close });
}

function checkedUrl(input: string | URL, policy: AddressPolicy): URL {
  const url = URL.parse(String(input));
  if (url === null || !policy.allowsUrl(url)) throw ssfHttpError('RTA_SSF_URL_REFUSED');
  // An address in the URL is connected to without being looked up.
  const address = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) !== 0 && !policy.allows(url.hostname, address)) {
    throw ssfHttpError('RTA_SSF_ADDRESS_REFUSED', undefined, { details: { host: url.host } });
  }
  return url;
}

/** Only what this finds is connected to. */
function guardedLookup(policy: AddressPolicy, lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
      const allowed = addresses.filter(({ address }) => policy.allows(hostname, address));
      const [first] = allowed;
      if (first === undefined) {
        const refused = ssfHttpError('RTA_SSF_ADDRESS_REFUSED', undefined, { details: { host: hostname } });
        callback(refused, []);
      } else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

async function readAnswer(
  { statusCode: status, headers, body }: Dispatcher.ResponseData,
  responseBytes: number,
): Promise<Response> {
  if (status >= 300 && status < 400) {
    await body.dump({ limit: 0 });
    throw ssfHttpError('RTA_SSF_REDIRECT', undefined, { details: { status } });
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop destroys the rest of the body, and its connection.
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > responseBytes) {
      throw ssfHttpError('RTA_SSF_ANSWER_TOO_LARGE', `an answer has at most ${responseBytes} bytes`);
    }
    chunks.push(chunk);
  }
  const answerHeaders = new Headers();
  for (const [name, values = []] of Object.entries(headers)) {
    for (const value of typeof values === 'string' ? [values] : values) answerHeaders.append(name, value);
  }
  // These have no body by definition, and no Response can be made of them with one.
  const isBodiless = status === 204 || status === 205;
  return new Response(isBodiless ? null : Buffer.concat(chunks), { status, headers: answerHeaders });
}
