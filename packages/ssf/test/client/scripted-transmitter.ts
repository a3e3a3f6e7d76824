import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from '@rta/core';
import { CompactSign, exportJWK, generateKeyPair } from 'jose';

/** The name of this receiver in every stream. */
export const AUDIENCE = 'https://rta.example/ssf';
export const PUSH = 'urn:ietf:rfc:8935';
export const POLL = 'urn:ietf:rfc:8936';
export const SESSION_REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const VERIFICATION = 'https://schemas.openid.net/secevent/ssf/event-type/verification';
export const STREAM_UPDATED = 'https://schemas.openid.net/secevent/ssf/event-type/stream-updated';
/** Where fake clocks stand: 2026-01-01T00:00:00Z. */
export const NOW_MS = 1_767_225_600_000;

/** One request that the transmitter has seen. */
export interface SeenRequest {
  /** Method and path, e.g. `POST /streams`. */
  readonly route: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  readonly contentLanguage: string | undefined;
  /** The body: JSON, or a form as an object. */
  readonly body: unknown;
}

/** An answer that a test prescribes; `text` in place of `json` for what is no JSON. */
export interface Answer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A stream as the transmitter keeps it. */
export type Stream = { -readonly [Name in string]: unknown };

/** A transmitter on the loopback interface that does what SSF 1.0 says, unless a test says otherwise. */
export interface ScriptedTransmitter extends AsyncDisposable {
  readonly issuer: string;
  /** Everything that was asked, except for discovery and keys. */
  readonly seen: readonly SeenRequest[];
  readonly streams: Map<string, Stream>;
  /** Tokens that wait to be polled, by `jti`. Anything may be put there. */
  readonly queue: Map<string, unknown>;
  /** What was reported as `setErrs`. */
  readonly setErrors: Map<string, unknown>;
  /** Members of the metadata that differ; undefined takes one away. */
  readonly metadata: Record<string, unknown>;
  /** Decides about a request before the transmitter does; undefined lets it. */
  intercept: ((request: SeenRequest) => Answer | undefined) | undefined;
  /** Pushes the events of streams that are pushed; without it they are lost. */
  push: ((set: string, authorization: string | undefined) => Promise<unknown>) | undefined;
  /** Access tokens that are taken; any where it is empty. */
  readonly goodTokens: Set<string>;
  /** How long access tokens live, in seconds. */
  tokenSeconds: number;
  /** Requests of a route so far. */
  count(route: string): number;
  /** Resolves with the next request of a route. */
  next(route: string): Promise<SeenRequest>;
  /** Signs a token of this issuer. */
  sign(overrides: JsonObject): Promise<string>;
  /** Signs an event and delivers it as a stream says. */
  send(streamId: string, overrides: JsonObject): Promise<void>;
  /** Signs an event and lets it be polled. */
  enqueue(jti: string, overrides?: JsonObject): Promise<string>;
  /** Answers the polls that wait, with nothing where nothing is there. */
  answerPolls(): void;
}

const KEY = await generateKeyPair('RS256', { extractable: true });
const PUBLIC_KEY = { ...(await exportJWK(KEY.publicKey)), kid: 'key-1', alg: 'RS256' };

/** Starts a transmitter. */
export async function openTransmitter(): Promise<ScriptedTransmitter> {
  const seen: SeenRequest[] = [];
  const streams = new Map<string, Stream>();
  const queue = new Map<string, unknown>();
  const setErrors = new Map<string, unknown>();
  const metadata: Record<string, unknown> = {};
  const goodTokens = new Set<string>();
  const waiters: { readonly route: string; readonly resolve: (request: SeenRequest) => void }[] = [];
  const polls: { readonly maxEvents: number; readonly response: ServerResponse }[] = [];
  let streamsMade = 0;
  let tokensMade = 0;
  let eventsMade = 0;

  const self: ScriptedTransmitter = {
    issuer: '',
    seen,
    streams,
    queue,
    setErrors,
    metadata,
    intercept: undefined,
    push: undefined,
    goodTokens,
    tokenSeconds: 3600,
    count: (route) => seen.filter((request) => request.route === route).length,
    next: async (route) => {
      const { promise, resolve } = Promise.withResolvers<SeenRequest>();
      waiters.push({ route, resolve });
      return promise;
    },
    async sign(overrides) {
      const claims = {
        iss: self.issuer,
        aud: AUDIENCE,
        iat: NOW_MS / 1000,
        sub_id: { format: 'iss_sub', iss: self.issuer, sub: 'jane' },
        events: { [SESSION_REVOKED]: {} },
        ...overrides,
      };
      return new CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'RS256', typ: 'secevent+jwt', kid: 'key-1' })
        .sign(KEY.privateKey);
    },
    async send(streamId, overrides) {
      eventsMade += 1;
      const jti = `event-${eventsMade}`;
      const delivery = streams.get(streamId)?.['delivery'] as Record<string, string> | undefined;
      if (delivery?.['method'] === POLL) return void (await self.enqueue(jti, overrides));
      await self.push?.(await self.sign({ jti, ...overrides }), delivery?.['authorization_header']);
    },
    async enqueue(jti, overrides = {}) {
      const set = await self.sign({ jti, ...overrides });
      queue.set(jti, set);
      if (polls.length > 0) self.answerPolls();
      return set;
    },
    answerPolls() {
      for (const { maxEvents, response } of polls.splice(0)) {
        const sets = Object.fromEntries([...queue].slice(0, maxEvents));
        reply(response, { status: 200, json: { sets, moreAvailable: queue.size > maxEvents } });
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => void server.close(done));
    },
  };

  const published = (): object =>
    defined({
      issuer: self.issuer,
      spec_version: '1_0',
      jwks_uri: `${self.issuer}/jwks.json`,
      delivery_methods_supported: [PUSH, POLL],
      configuration_endpoint: `${self.issuer}/streams`,
      status_endpoint: `${self.issuer}/status`,
      add_subject_endpoint: `${self.issuer}/subjects:add`,
      remove_subject_endpoint: `${self.issuer}/subjects:remove`,
      verification_endpoint: `${self.issuer}/verify`,
      default_subjects: 'ALL',
      ...metadata,
    });

  const described = (stream: Stream): object => {
    const { status: _, ...rest } = stream;
    return rest;
  };

  const setUp = (stream: Stream, body: Stream): Stream => {
    const delivery = (body['delivery'] ?? stream['delivery'] ?? { method: POLL }) as Record<string, unknown>;
    return Object.assign(stream, body, {
      delivery:
        delivery['method'] === POLL
          ? { method: POLL, endpoint_url: `${self.issuer}/poll/${String(stream['stream_id'])}` }
          : delivery,
    });
  };

  const routes: Record<string, (request: SeenRequest) => Answer | Promise<Answer>> = {
    'POST /token': () => {
      tokensMade += 1;
      const token = `token-${tokensMade}`;
      goodTokens.add(token);
      return {
        status: 200,
        json: { access_token: token, token_type: 'Bearer', expires_in: self.tokenSeconds },
      };
    },
    'POST /streams': ({ body }) => {
      streamsMade += 1;
      const streamId = `stream-${streamsMade}`;
      const stream = { stream_id: streamId, iss: self.issuer, aud: [AUDIENCE], status: 'enabled' };
      streams.set(streamId, setUp(stream, body as Stream));
      return { status: 201, json: described(streams.get(streamId) ?? {}) };
    },
    'GET /streams': ({ query }) => {
      if (query['stream_id'] === undefined)
        return { status: 200, json: [...streams.values()].map(described) };
      const stream = streams.get(query['stream_id']);
      return stream === undefined ? { status: 404 } : { status: 200, json: described(stream) };
    },
    'PATCH /streams': ({ body }) => {
      const stream = streams.get(String((body as Stream)['stream_id']));
      if (stream === undefined) return { status: 404 };
      return { status: 200, json: described(setUp(stream, body as Stream)) };
    },
    'PUT /streams': ({ body }) => {
      const stream = streams.get(String((body as Stream)['stream_id']));
      if (stream === undefined) return { status: 404 };
      return { status: 200, json: described(setUp(stream, body as Stream)) };
    },
    'DELETE /streams': ({ query }) => ({ status: streams.delete(query['stream_id'] ?? '') ? 204 : 404 }),
    'GET /status': ({ query }) => {
      const stream = streams.get(query['stream_id'] ?? '');
      if (stream === undefined) return { status: 404 };
      return { status: 200, json: { stream_id: stream['stream_id'], status: stream['status'] } };
    },
    'POST /status': ({ body }) => {
      const { stream_id: id, status } = body as Stream;
      const stream = streams.get(String(id));
      if (stream === undefined) return { status: 404 };
      stream['status'] = status;
      return { status: 200, json: { stream_id: id, status } };
    },
    'POST /subjects:add': () => ({ status: 200 }),
    'POST /subjects:remove': () => ({ status: 204 }),
    'POST /verify': async ({ body }) => {
      const { stream_id: id, state } = body as { stream_id: string; state?: string };
      await self.send(id, {
        sub_id: { format: 'opaque', id },
        events: { [VERIFICATION]: state === undefined ? {} : { state } },
      });
      return { status: 204 };
    },
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(incoming.url ?? '/', self.issuer);
    if (url.pathname.startsWith('/.well-known/ssf-configuration')) {
      return reply(
        response,
        self.intercept?.(await seeing(incoming, url)) ?? { status: 200, json: published() },
      );
    }
    if (url.pathname === '/jwks.json') return reply(response, { status: 200, json: { keys: [PUBLIC_KEY] } });
    if (url.pathname.startsWith('/.well-known/')) {
      const json = { issuer: self.issuer, token_endpoint: `${self.issuer}/token` };
      return reply(response, { status: 200, json });
    }
    const request = await seeing(incoming, url);
    seen.push(request);
    for (const waiter of waiters.filter(({ route }) => route === request.route)) {
      waiters.splice(waiters.indexOf(waiter), 1);
      waiter.resolve(request);
    }
    const prescribed = self.intercept?.(request);
    if (prescribed !== undefined) return reply(response, prescribed);
    const isGood = [...goodTokens].some((token) => request.authorization === `Bearer ${token}`);
    if (request.route !== 'POST /token' && goodTokens.size > 0 && !isGood) {
      return reply(response, {
        status: 401,
        headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      });
    }
    if (request.route.startsWith('POST /poll/')) return poll(request, response);
    reply(response, (await routes[request.route]?.(request)) ?? { status: 404 });
  };

  const poll = (request: SeenRequest, response: ServerResponse): void => {
    const {
      maxEvents = 100,
      returnImmediately,
      ack = [],
      setErrs = {},
    } = request.body as {
      maxEvents?: number;
      returnImmediately?: boolean;
      ack?: string[];
      setErrs?: Record<string, unknown>;
    };
    for (const jti of ack) queue.delete(jti);
    for (const [jti, error] of Object.entries(setErrs)) {
      queue.delete(jti);
      setErrors.set(jti, error);
    }
    polls.push({ maxEvents, response });
    response.once('close', () => {
      const index = polls.findIndex((waiting) => waiting.response === response);
      if (index >= 0) polls.splice(index, 1);
    });
    if (returnImmediately === true || queue.size > 0) self.answerPolls();
  };

  const server: Server = createServer((incoming, response) => void handle(incoming, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  Object.assign(self, { issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  return self;
}

async function seeing(incoming: IncomingMessage, url: URL): Promise<SeenRequest> {
  let text = '';
  for await (const chunk of incoming) text += String(chunk);
  const isForm = incoming.headers['content-type']?.includes('form') ?? false;
  return {
    route: `${incoming.method} ${url.pathname}`,
    query: Object.fromEntries(url.searchParams),
    authorization: incoming.headers.authorization,
    contentLanguage: incoming.headers['content-language'],
    body: isForm ? Object.fromEntries(new URLSearchParams(text)) : text === '' ? undefined : JSON.parse(text),
  };
}

function reply(response: ServerResponse, { status, json, text, headers = {} }: Answer): void {
  if (response.destroyed) return;
  const body = text ?? (json === undefined ? undefined : JSON.stringify(json));
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...headers,
  });
  response.end(body);
}

function defined(members: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
