import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createMemoryStore } from '@rta/store';
import { createFakeClock } from '@rta/testkit';
import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, test } from 'vitest';
import {
  CAEP_EVENTS,
  createSetReceiver,
  createSetSigner,
  createStreamKeeper,
  createTransmitter,
  type EventTransmitter,
  type ReceivedEvent,
  type StreamKeeper,
} from '../src/index.ts';
import { eventually } from './client/eventually.ts';

const pair = await generateKeyPair('RS256', { extractable: true });
const signer = await createSetSigner({ key: await exportJWK(pair.privateKey), keyId: 'key-1' });

interface BothSides extends AsyncDisposable {
  readonly transmitter: EventTransmitter;
  readonly keeper: StreamKeeper;
  readonly events: readonly ReceivedEvent[];
}

/** Our receiver and our transmitter, on the loopback interface with HTTP between them. */
async function openBothSides(delivery: 'push' | 'poll'): Promise<BothSides> {
  await using opened = new AsyncDisposableStack();
  const clock = createFakeClock();
  const store = createMemoryStore({ clock });
  const events: ReceivedEvent[] = [];

  const server = createServer((incoming, response) => {
    void (async () => {
      const body = await text(incoming);
      if (incoming.url === '/receiver') {
        const { authorization, 'content-type': contentType } = incoming.headers;
        const answer = await receiver.receivePush({ authorization, contentType, body: Buffer.from(body) });
        response.writeHead(answer.status, answer.headers).end(answer.body);
        return;
      }
      const { method = 'GET', headers } = incoming;
      const answer = await transmitter.handle(
        new Request(`${issuer}${incoming.url}`, {
          method,
          headers: { authorization: headers.authorization ?? '', 'content-type': 'application/json' },
          ...(body === '' ? {} : { body }),
        }),
      );
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
    })();
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  opened.defer(async () => {
    server.closeAllConnections();
    await new Promise((done) => void server.close(done));
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const transmitter = opened.use(
    await createTransmitter({
      issuer,
      signers: [signer],
      streams: store.streams,
      outbox: store.outbox,
      authorize: async (request) =>
        request.headers.get('authorization') === 'Bearer for-a'
          ? { receiver: 'a', scopes: ['ssf.manage'] }
          : undefined,
      eventsSupported: Object.values(CAEP_EVENTS),
      clock,
      isShared: false,
      allowLoopbackHttp: true,
    }),
  );
  const receiver = opened.use(
    createSetReceiver({
      transmitters: [],
      singleUse: store.singleUse,
      clock,
      accept: async (event) => {
        events.push(event);
        keeper.heard(event);
      },
      onStreamEvent: (event) => keeper.heard(event),
    }),
  );
  const keeper = opened.use(
    createStreamKeeper({
      transmitter: { issuer, allowInsecureHttp: true },
      delivery:
        delivery === 'push' ? { method: 'push', endpointUrl: `${issuer}/receiver` } : { method: 'poll' },
      authentication: { token: 'for-a' },
      receiver,
      records: createMemoryStore({ clock }).streams,
      clock,
    }),
  );
  const running = opened.move();
  return { transmitter, keeper, events, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

describe.each(['push', 'poll'] as const)('our receiver at our transmitter, by %s', (delivery) => {
  test('makes a stream, verifies it and receives what is emitted', async () => {
    await using both = await openBothSides(delivery);
    const { transmitter, keeper, events } = both;
    await eventually(() => expect(keeper.health().lastVerificationAtMs).toBeDefined());
    await transmitter.emit({
      subject: { format: 'email', email: 'jane@example.com' },
      type: CAEP_EVENTS.sessionRevoked,
      value: { initiating_entity: 'admin' },
      txn: 'txn-1',
    });
    await eventually(() => expect(events).toHaveLength(1));
    expect(events[0]).toMatchObject({
      transmitter: keeper.issuer,
      txn: 'txn-1',
      subject: { format: 'email', email: 'jane@example.com' },
      event: { type: CAEP_EVENTS.sessionRevoked, value: { initiating_entity: 'admin' } },
    });
    expect(keeper.health()).toMatchObject({ status: 'enabled', lagMs: 0, lastError: undefined });
    expect(transmitter.streams()).toMatchObject([{ receiver: 'a', status: 'enabled' }]);
  });

  test('hears of a pause, and receives what was held afterwards', async () => {
    await using both = await openBothSides(delivery);
    const { transmitter, keeper, events } = both;
    await eventually(() => expect(keeper.health().lastVerificationAtMs).toBeDefined());
    const { streamId = '' } = keeper.health();
    await transmitter.setStatus(streamId, 'paused', 'maintenance');
    await eventually(() => expect(keeper.health().status).toBe('paused'));
    await transmitter.emit({
      subject: { format: 'email', email: 'jane@example.com' },
      type: CAEP_EVENTS.sessionRevoked,
      value: {},
    });
    expect(events).toEqual([]);
    await transmitter.setStatus(streamId, 'enabled');
    await eventually(() => expect(events).toHaveLength(1));
    await eventually(() => expect(keeper.health().status).toBe('enabled'));
  });
});
