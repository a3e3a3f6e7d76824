import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '@rta/core';
import { createMemoryStore, type Store } from '@rta/store';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { decodeJwt, exportJWK, generateKeyPair } from 'jose';
import {
  CAEP_EVENTS,
  createSetSigner,
  createTransmitter,
  type EventTransmitter,
  type EventTransmitterOptions,
  type OutgoingEvent,
  type SetSigner,
} from '../src/index.ts';

export const ISSUER = 'https://rta.example';

const pair = await generateKeyPair('RS256', { extractable: true });
/** The key of the transmitter. */
export const SIGNER: SetSigner = await createSetSigner({
  key: await exportJWK(pair.privateKey),
  keyId: 'key-1',
});

/** Tokens that are good, with what they say. */
const ACCESS: Readonly<Record<string, { readonly receiver: string; readonly scopes: readonly string[] }>> = {
  'manage-a': { receiver: 'a', scopes: ['ssf.manage'] },
  'read-a': { receiver: 'a', scopes: ['ssf.read'] },
  'none-a': { receiver: 'a', scopes: ['openid'] },
  'manage-b': { receiver: 'b', scopes: ['ssf.manage'] },
};

/** An event about a user's session. */
export function revoked(sub: string, more: Partial<OutgoingEvent> = {}): OutgoingEvent {
  return {
    subject: {
      format: 'complex',
      user: { format: 'iss_sub', iss: 'https://idp.example', sub },
      session: { format: 'opaque', id: `session-of-${sub}` },
    },
    type: CAEP_EVENTS.sessionRevoked,
    value: { initiating_entity: 'policy' },
    txn: 'txn-1',
    ...more,
  };
}

/** An answer of the management API. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: JsonObject;
}

/** A transmitter and who talks to it. */
export interface TransmitterBench extends AsyncDisposable {
  readonly transmitter: EventTransmitter;
  readonly clock: FakeClock;
  readonly store: Store;
  /** One request, by default with the token that may do everything for receiver `a`. */
  ask(method: string, path: string, body?: unknown, token?: string | null): Promise<Answer>;
  /** Makes a stream; polls by default. */
  stream(body?: JsonObject, token?: string): Promise<string>;
  /** Polls without waiting. */
  poll(stream: string, body?: object): Promise<PollAnswer>;
}

/** What a poll brought, with the claims of its tokens. */
export interface PollAnswer {
  readonly jtis: readonly string[];
  readonly claims: readonly JsonObject[];
  readonly moreAvailable: unknown;
}

/** Opens a transmitter in memory, or on a store that is there. */
export async function openTransmitterBench(
  options: Partial<EventTransmitterOptions> & { readonly store?: Store; readonly fakeClock?: FakeClock } = {},
): Promise<TransmitterBench> {
  const { fakeClock: clock = createFakeClock(), store = createMemoryStore({ clock }), ...rest } = options;
  const transmitter = await createTransmitter({
    issuer: ISSUER,
    signers: [SIGNER],
    streams: store.streams,
    outbox: store.outbox,
    authorize: async (request) =>
      ACCESS[/^Bearer (.*)$/.exec(request.headers.get('Authorization') ?? '')?.[1] ?? ''],
    eventsSupported: [CAEP_EVENTS.sessionRevoked, CAEP_EVENTS.riskLevelChange],
    clock,
    isShared: false,
    allowLoopbackHttp: true,
    ...rest,
  });
  const ask: TransmitterBench['ask'] = async (method, path, body, token = 'manage-a') => {
    const response = await transmitter.handle(
      new Request(`${ISSUER}${path}`, {
        method,
        headers: {
          ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    );
    const said = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: said === '' ? {} : (JSON.parse(said) as JsonObject),
    };
  };
  return {
    transmitter,
    clock,
    store,
    ask,
    async stream(body = {}, token = 'manage-a') {
      const made = await ask('POST', '/ssf/streams', body, token);
      if (made.status !== 201) throw new Error(`no stream: ${JSON.stringify(made.body)}`);
      return textOf(made.body['stream_id']);
    },
    async poll(stream, body = {}) {
      const { body: said } = await ask('POST', `/ssf/poll/${stream}`, { returnImmediately: true, ...body });
      const sets = Object.entries(said['sets'] as Record<string, string>);
      return {
        jtis: sets.map(([jti]) => jti),
        claims: sets.map(([, set]) => decodeJwt(set) as JsonObject),
        moreAvailable: said['moreAvailable'],
      };
    },
    [Symbol.asyncDispose]: () => transmitter.close(),
  };
}

/** A member that is to be text. */
export function textOf(member: unknown): string {
  if (typeof member !== 'string') throw new TypeError('this is no text');
  return member;
}

/** One push, as it arrived. */
export interface Arrived {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly claims: JsonObject;
}

/** What a push is answered with. */
export interface PushAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | null;
}

/** A real HTTP server that is pushed to. */
export interface PushServer extends AsyncDisposable {
  readonly url: string;
  /** The next push that arrives, or that arrived and was not taken yet. */
  next(): Promise<Arrived>;
  /** Pushes that arrived so far. */
  readonly count: number;
  /** What the next pushes are answered with, in turn; 202 when there is nothing more. */
  readonly answers: PushAnswer[];
}

/** Opens a server on the loopback interface; `judge` answers where `answers` is empty. */
export async function openPushServer(
  judge: (push: Arrived) => Promise<PushAnswer> = async () => ({ status: 202 }),
): Promise<PushServer> {
  const arrived: Arrived[] = [];
  const waiting: ((push: Arrived) => void)[] = [];
  const answers: PushAnswer[] = [];
  let count = 0;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const push = { headers: request.headers, body, claims: decodeJwt(body) as JsonObject };
    count += 1;
    const answer = answers.shift() ?? (await judge(push));
    response.writeHead(answer.status, answer.headers).end(answer.body ?? undefined);
    const next = waiting.shift();
    if (next === undefined) arrived.push(push);
    else next(push);
  };
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    next: async () => arrived.shift() ?? new Promise((resolve) => waiting.push(resolve)),
    get count() {
      return count;
    },
    answers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The event of a token, by the last part of its type. */
export function eventOf(claims: JsonObject): readonly [name: string, value: JsonObject] {
  const [[type, value] = ['', {}]] = Object.entries(claims['events'] as Record<string, JsonObject>);
  return [type.slice(type.lastIndexOf('/') + 1), value];
}
