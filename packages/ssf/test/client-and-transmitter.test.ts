import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { createMemoryStore } from '@rta/store';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { expect, test } from 'vitest';
import {
  CAEP_EVENTS,
  createSetReceiver,
  createStreamKeeper,
  createTransmitter,
  type EventTransmitter,
  type ReceivedEvent,
  type StreamKeeper,
} from '../src/index.ts';
import { revoked, SIGNER } from './transmitter-bench.ts';

/** A machine that is busy takes its time. */
const PATIENT = { timeout: 15_000 };

/** A real HTTP server in front of what speaks fetch; its origin is known before what it serves is made. */
async function listen(): Promise<
  AsyncDisposable & { readonly origin: string; serve: (request: Request) => Promise<Response> }
> {
  const listening = {
    origin: '',
    serve: async (_request: Request): Promise<Response> => new Response(null, { status: 503 }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET' } = request;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const body = method === 'GET' || method === 'DELETE' ? null : await buffer(request);
    const headers = Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as [string, string]] : [],
    );
    const url = `${listening.origin}${request.url}`;
    const said = await listening.serve(new Request(url, { method, headers, body, signal: gone.signal }));
    response.writeHead(said.status, Object.fromEntries(said.headers));
    response.end(Buffer.from(await said.arrayBuffer()));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  listening.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return listening;
}

interface Pair extends AsyncDisposable {
  readonly transmitter: EventTransmitter;
  readonly keeper: StreamKeeper;
  readonly events: readonly ReceivedEvent[];
  readonly clock: FakeClock;
}

/** This package's transmitter and this package's receiver, over HTTP. */
async function openPair(method: 'push' | 'poll'): Promise<Pair> {
  await using opening = new AsyncDisposableStack();
  const clock = createFakeClock();
  const [ours, theirs] = [createMemoryStore({ clock }), createMemoryStore({ clock })];
  const [sending, receiving] = [opening.use(await listen()), opening.use(await listen())];
  const transmitter = opening.use(
    await createTransmitter({
      issuer: sending.origin,
      signers: [SIGNER],
      streams: theirs.streams,
      outbox: theirs.outbox,
      authorize: async (request) =>
        request.headers.get('Authorization') === 'Bearer let-me-in'
          ? { receiver: 'rta', scopes: ['ssf.manage'] }
          : undefined,
      eventsSupported: [CAEP_EVENTS.sessionRevoked],
      clock,
      isShared: false,
      allowLoopbackHttp: true,
      limits: { longPollMs: 1_000 },
    }),
  );
  sending.serve = transmitter.handle;
  const events: ReceivedEvent[] = [];
  const receiver = opening.use(
    createSetReceiver({
      transmitters: [],
      singleUse: ours.singleUse,
      clock,
      accept: async (event) => {
        events.push(event);
        keeper.heard(event);
      },
      onStreamEvent: (event) => keeper.heard(event),
    }),
  );
  receiving.serve = async (request) => {
    const { status, headers, body } = await receiver.receivePush({
      contentType: request.headers.get('Content-Type') ?? undefined,
      authorization: request.headers.get('Authorization') ?? undefined,
      body: new Uint8Array(await request.arrayBuffer()),
    });
    return new Response(body, { status, headers });
  };
  const keeper: StreamKeeper = opening.use(
    createStreamKeeper({
      transmitter: {
        issuer: sending.origin,
        allowInsecureHttp: true,
        subjectIssuers: ['https://idp.example', sending.origin],
      },
      delivery: method === 'poll' ? { method } : { method, endpointUrl: `${receiving.origin}/events` },
      events: [CAEP_EVENTS.sessionRevoked],
      authentication: { token: 'let-me-in' },
      receiver,
      records: ours.streams,
      clock,
    }),
  );
  const opened = opening.move();
  return { transmitter, keeper, events, clock, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test.each(['push', 'poll'] as const)('events arrive by %s, and the stream is verified', async (method) => {
  await using pair = await openPair(method);
  await expect.poll(() => pair.keeper.health().status, PATIENT).toBe('enabled');
  await pair.transmitter.emit(revoked('jane', { txn: 'one' }));
  await expect.poll(() => pair.events.map(({ txn }) => txn), PATIENT).toEqual(['one']);
  // The keeper verifies by itself when it has made the stream; another verification is to wait.
  pair.clock.advance(5_000);
  await pair.keeper.verify();
  expect(pair.keeper.health()).toMatchObject({ status: 'enabled', lastError: undefined });
  expect(pair.transmitter.streams()).toHaveLength(1);
  await expect.poll(() => pair.transmitter.streams()[0]?.waitingCount, PATIENT).toBe(0);
});

test.each(['push', 'poll'] as const)('a receiver hears by %s that its stream is paused', async (method) => {
  await using pair = await openPair(method);
  await expect.poll(() => pair.keeper.health().status, PATIENT).toBe('enabled');
  const [stream] = pair.transmitter.streams();
  await pair.transmitter.setStatus(stream?.id ?? '', 'paused', 'maintenance');
  await expect.poll(() => pair.keeper.health().status, PATIENT).toBe('paused');
  await pair.transmitter.emit(revoked('jane', { txn: 'held' }));
  await pair.transmitter.setStatus(stream?.id ?? '', 'enabled');
  await expect.poll(() => pair.events.map(({ txn }) => txn), PATIENT).toEqual(['held']);
  expect(pair.keeper.health().status).toBe('enabled');
});
