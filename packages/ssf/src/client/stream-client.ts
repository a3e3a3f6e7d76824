import type { JsonObject } from '@rta/core';
import type { Fetch } from '../http/fetch.ts';
import type { StreamStatus } from '../transmitter/stream.ts';
import { type SsfClientErrorCode, ssfClientError } from './client-errors.ts';
import { SSF_CLIENT_LIMITS } from './client-limits.ts';
import { readJson, retryAfterMs } from './json-answer.ts';
import {
  parseStreamConfiguration,
  parseStreamStatus,
  type StreamConfiguration,
  type StreamRequest,
  streamRequestJson,
} from './stream-configuration.ts';
import type { TransmitterDirectory, TransmitterMetadata } from './transmitter-metadata.ts';

/**
 * Manages streams at one transmitter. Every call may fail with these, besides what a guarded fetch, the metadata and
 * access tokens fail with: `RTA_SSF_NOT_OFFERED`, `RTA_SSF_STREAM_REFUSED` (400), `RTA_SSF_STREAM_UNAUTHENTICATED` (401),
 * `RTA_SSF_STREAM_FORBIDDEN` (403), `RTA_SSF_STREAM_UNKNOWN` (404), `RTA_SSF_STREAM_CONFLICT` (409),
 * `RTA_SSF_STREAM_THROTTLED` (429), `RTA_SSF_STREAM_UNAVAILABLE` (5xx), `RTA_SSF_STREAM_ANSWER`.
 *
 * @see SSF 1.0 §8.1
 */
export interface StreamClient {
  /** @throws RtaError `RTA_SSF_STREAM_ISSUER`, `RTA_SSF_STREAM_AUDIENCE`: the stream is there, and must not be used. */
  create(request: StreamRequest): Promise<StreamConfiguration>;
  /** @throws RtaError as {@link StreamClient.create} */
  read(streamId: string): Promise<StreamConfiguration>;
  /** All streams of this client that may be used: those of another issuer or audience are left out. */
  list(): Promise<readonly StreamConfiguration[]>;
  /** Changes what the request holds. Undefined where the transmitter will see to it later (202). */
  update(streamId: string, request: StreamRequest): Promise<StreamConfiguration | undefined>;
  /** Changes everything: what the request does not hold is deleted. Undefined as for an update. */
  replace(streamId: string, request: StreamRequest): Promise<StreamConfiguration | undefined>;
  delete(streamId: string): Promise<void>;
  status(streamId: string): Promise<StreamStatus>;
  /** @returns the status that the transmitter confirms; undefined where it will see to it later (202). */
  setStatus(streamId: string, status: StreamStatus, reason?: string): Promise<StreamStatus | undefined>;
  /** @param subject - a subject identifier (RFC 9493). */
  addSubject(streamId: string, subject: JsonObject, options?: { readonly verified?: boolean }): Promise<void>;
  removeSubject(streamId: string, subject: JsonObject): Promise<void>;
  /** Asks for a verification event, which comes by the stream. */
  verify(streamId: string, state?: string): Promise<void>;
}

type Endpoint = {
  [Name in keyof TransmitterMetadata]: Name extends `${string}Endpoint` ? Name : never;
}[keyof TransmitterMetadata] &
  string;

interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly endpoint: Endpoint;
  /** `stream_id` of the query. */
  readonly streamId?: string;
  readonly json?: object;
  /** Statuses of success. */
  readonly success: readonly number[];
}

/**
 * Makes the client of one transmitter.
 *
 * @param options - `fetch`: an authorized one. `audience`: what `aud` of every stream must hold, where that is known.
 */
export function createStreamClient(options: {
  readonly issuer: string;
  readonly directory: Pick<TransmitterDirectory, 'metadata'>;
  readonly fetch: Fetch;
  readonly audience?: string | undefined;
  readonly signal?: AbortSignal;
}): StreamClient {
  const { issuer, directory, fetch, audience, signal } = options;
  const expected = { issuer, audience };

  const call = async (operation: Operation): Promise<{ status: number; json: unknown }> => {
    const { method, endpoint, streamId, json, success } = operation;
    const address = (await directory.metadata())[endpoint];
    if (address === undefined) {
      throw ssfClientError('RTA_SSF_NOT_OFFERED', undefined, { details: { issuer, endpoint } });
    }
    const url = new URL(address);
    if (streamId !== undefined) url.searchParams.set('stream_id', streamId);
    const response = await fetch(url.href, {
      method,
      headers: {
        accept: 'application/json',
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (!success.includes(response.status)) throw answerError(issuer, response);
    return { status: response.status, json: await readJson(response) };
  };

  const sameStream = (streamId: string, json: unknown): StreamConfiguration => {
    const found = parseStreamConfiguration(json, expected);
    if (found.streamId === streamId) return found;
    throw ssfClientError('RTA_SSF_STREAM_ANSWER', 'the answer is about another stream than was asked for');
  };

  const change = async (
    method: 'PATCH' | 'PUT',
    streamId: string,
    request: StreamRequest,
  ): Promise<StreamConfiguration | undefined> => {
    const { status, json } = await call({
      method,
      endpoint: 'configurationEndpoint',
      json: { stream_id: streamId, ...streamRequestJson(request) },
      success: [200, 202],
    });
    return status === 202 && json === undefined ? undefined : sameStream(streamId, json);
  };

  return {
    async create(request) {
      const json = streamRequestJson(request);
      const answer = await call({ method: 'POST', endpoint: 'configurationEndpoint', json, success: [201] });
      return parseStreamConfiguration(answer.json, expected);
    },
    async read(streamId) {
      const endpoint = 'configurationEndpoint';
      const { json } = await call({ method: 'GET', endpoint, streamId, success: [200] });
      return sameStream(streamId, json);
    },
    async list() {
      const { json } = await call({ method: 'GET', endpoint: 'configurationEndpoint', success: [200] });
      if (!Array.isArray(json) || json.length > SSF_CLIENT_LIMITS.streamsCount) {
        throw ssfClientError(
          'RTA_SSF_STREAM_ANSWER',
          'the streams are not in an array, or there are too many',
        );
      }
      return json.flatMap((one) => usable(one, expected));
    },
    update: async (streamId, request) => change('PATCH', streamId, request),
    replace: async (streamId, request) => change('PUT', streamId, request),
    async delete(streamId) {
      await call({ method: 'DELETE', endpoint: 'configurationEndpoint', streamId, success: [204] });
    },
    async status(streamId) {
      const { json } = await call({ method: 'GET', endpoint: 'statusEndpoint', streamId, success: [200] });
      return parseStreamStatus(json);
    },
    async setStatus(streamId, status, reason) {
      const answer = await call({
        method: 'POST',
        endpoint: 'statusEndpoint',
        json: { stream_id: streamId, status, ...(reason === undefined ? {} : { reason }) },
        success: [200, 202],
      });
      return answer.status === 202 && answer.json === undefined ? undefined : parseStreamStatus(answer.json);
    },
    async addSubject(streamId, subject, { verified } = {}) {
      const json = { stream_id: streamId, subject, ...(verified === undefined ? {} : { verified }) };
      await call({ method: 'POST', endpoint: 'addSubjectEndpoint', json, success: [200] });
    },
    async removeSubject(streamId, subject) {
      const json = { stream_id: streamId, subject };
      await call({ method: 'POST', endpoint: 'removeSubjectEndpoint', json, success: [204] });
    },
    async verify(streamId, state) {
      const json = { stream_id: streamId, ...(state === undefined ? {} : { state }) };
      await call({ method: 'POST', endpoint: 'verificationEndpoint', json, success: [204] });
    },
  };
}

/** A stream of a list, unless it is one that must not be used; it may be somebody else's affair. */
function usable(
  json: unknown,
  expected: { readonly issuer: string; readonly audience: string | undefined },
): StreamConfiguration[] {
  try {
    return [parseStreamConfiguration(json, expected)];
  } catch {
    return [];
  }
}

const CODES: Readonly<Record<number, SsfClientErrorCode>> = {
  400: 'RTA_SSF_STREAM_REFUSED',
  401: 'RTA_SSF_STREAM_UNAUTHENTICATED',
  403: 'RTA_SSF_STREAM_FORBIDDEN',
  404: 'RTA_SSF_STREAM_UNKNOWN',
  409: 'RTA_SSF_STREAM_CONFLICT',
  429: 'RTA_SSF_STREAM_THROTTLED',
};

/** What a status that is no success means. */
export function answerError(issuer: string, response: Response): Error {
  const { status } = response;
  const code = CODES[status] ?? (status >= 500 ? 'RTA_SSF_STREAM_UNAVAILABLE' : 'RTA_SSF_STREAM_ANSWER');
  const waitMs = retryAfterMs(response);
  const details = { issuer, status, ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }) };
  return ssfClientError(code, undefined, { details });
}
