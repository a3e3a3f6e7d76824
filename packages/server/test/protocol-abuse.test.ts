import { utf8 } from '@rta/core';
import { encodeAuthorize, encodeFrame, encodeMessage, FRAME } from '@rta/protocol';
import type { TransportConnection, TransportStream } from '@rta/transport';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { exchangeParameters, READ, rawHello, rawSession } from './raw-agent.ts';
import { startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();
const t = await startTestServer({ idp });
afterAll(() => t[Symbol.asyncDispose]());
const victim = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);

afterEach(async () => {
  expect(await victim.lane(victim.bound.token)).toMatchObject({ effect: 'permit', generation: 1 });
  expect(victim.pushes.waiting).toBe(0);
  await expect.poll(() => t.server.openConnections).toBe(1);
});

const FRAME_CODE = 0x10;
const UNEXPECTED = 0x11;
const MESSAGE = 0x12;

const { token } = victim.bound;
const HELLO = encodeMessage('hello', 1, { client: 'abuse' });
const AUTHORIZE = encodeAuthorize(1, { token, ...READ });
const EXCHANGE = encodeMessage('exchange', 2, { parameters: exchangeParameters('x'), proof: 'y' });
const garbage = (type: number): Uint8Array => encodeFrame(type as never, 2, new Uint8Array([0xff, 0x00]));
/** A header that announces a body. */
const header = (type: number, length: number, requestId = 1): Uint8Array => {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length);
  bytes[0] = type;
  view.setUint32(4, requestId);
  return bytes;
};
const sized = (part: Uint8Array): number[] => [part.byteLength >> 8, part.byteLength & 0xff, ...part];
/** An AUTHORIZE frame whose parts are as they come. */
const authorize = (parts: {
  token?: Uint8Array;
  action?: Uint8Array;
  type?: Uint8Array;
  id?: Uint8Array;
  context?: Uint8Array;
  rest?: Uint8Array;
}): Uint8Array => {
  const {
    action = utf8('files.read'),
    type = utf8('File'),
    id = utf8('a'),
    context = new Uint8Array(0),
  } = parts;
  const sent = parts.token ?? token;
  const body = [
    sent.byteLength,
    ...sent,
    ...[action, type, id, context].flatMap(sized),
    ...(parts.rest ?? []),
  ];
  return encodeFrame(FRAME.authorize, 7, Uint8Array.from(body));
};
/** Lists within lists, and 0 within them. */
const nested = (depth: number): Uint8Array =>
  Uint8Array.from([0xa1, 0x61, 0x61, ...Array<number>(depth - 1).fill(0x81), 0x00]);

type Send = (open: () => TransportStream) => void;
const first =
  (...bytes: Uint8Array[]): Send =>
  (open) => {
    const stream = open();
    for (const one of bytes) stream.write(one);
  };
const thenEnd =
  (...bytes: Uint8Array[]): Send =>
  (open) => {
    const stream = open();
    for (const one of bytes) stream.write(one);
    stream.end();
  };

/** Writes what the case writes, and waits for what becomes of the connection. */
async function closeAfter(send: Send): Promise<unknown> {
  const connection: TransportConnection = t.rawConnect();
  send(() => {
    const stream = connection.openStream();
    stream.setHandlers({ onData: () => undefined });
    return stream;
  });
  return connection.closed;
}

describe('a connection is closed that sends', () => {
  test.each<[what: string, send: Send, code: number]>([
    ['a frame type that is not known', first(header(0x7f, 0)), FRAME_CODE],
    ['a header that announces too much', first(header(FRAME.hello, 65_537)), FRAME_CODE],
    ['a request without an id', first(header(FRAME.hello, 0, 0)), FRAME_CODE],
    ['an AUTHORIZE without an id', first(header(FRAME.authorize, 0, 0)), FRAME_CODE],
    ['a stream that ends within a header', thenEnd(HELLO.subarray(0, 5)), FRAME_CODE],
    ['a stream that ends within a HELLO', thenEnd(HELLO.subarray(0, -1)), FRAME_CODE],
    ['a control stream that ends within a frame', thenEnd(HELLO, EXCHANGE.subarray(0, 20)), FRAME_CODE],
    ['a lane that ends within a frame', thenEnd(AUTHORIZE, AUTHORIZE.subarray(0, 20)), FRAME_CODE],
  ])('%s', async (_, send, code) => {
    expect(await closeAfter(send)).toMatchObject({ by: 'peer', code });
  });

  test.each<[what: string, send: Send]>(
    (
      [
        'welcome',
        'exchange',
        'bind',
        'delegate',
        'end',
        'ping',
        'error',
        'decision',
        'context',
        'revoked',
        'ack',
      ] as const
    ).map((name) => [name.toUpperCase(), first(garbage(FRAME[name]))]),
  )('%s as the first frame of a stream [P-2.2]', async (_, send) => {
    expect(await closeAfter(send)).toMatchObject({ by: 'peer', code: UNEXPECTED });
  });

  test('GOAWAY as the first frame of a stream [P-2.2]', async () => {
    const send = first(encodeMessage('goaway', 0, { reason: 'no', withinMs: 0 }));

    expect(await closeAfter(send)).toMatchObject({ by: 'peer', code: UNEXPECTED });
  });

  test.each<[what: string, send: Send]>([
    ...(
      [
        'hello',
        'welcome',
        'exchanged',
        'authorize',
        'decision',
        'context',
        'revoked',
        'ack',
        'pong',
        'error',
        'resume',
      ] as const
    ).map((name): [string, Send] => [
      `${name.toUpperCase()} on its control stream`,
      first(HELLO, garbage(FRAME[name])),
    ]),
    ['GOAWAY on its control stream', first(HELLO, encodeMessage('goaway', 0, { reason: 'no', withinMs: 0 }))],
    ...(['hello', 'exchange', 'bind', 'decision', 'ack', 'ping', 'resume'] as const).map(
      (name): [string, Send] => [`${name.toUpperCase()} on a lane`, first(AUTHORIZE, garbage(FRAME[name]))],
    ),
  ])('%s, whatever its body says [P-2.3]', async (_, send) => {
    expect(await closeAfter(send)).toMatchObject({ by: 'peer', code: UNEXPECTED });
  });

  test('a second HELLO on another stream [P-2.1]', async () => {
    const twice = closeAfter((open) => {
      open().write(HELLO);
      open().write(HELLO);
    });

    expect(await twice).toMatchObject({ by: 'peer', code: UNEXPECTED });
  });

  test.each<[what: string, send: Send]>([
    ['a HELLO that is not CBOR', first(garbage(FRAME.hello))],
    ['a RESUME that is not CBOR', first(garbage(FRAME.resume))],
    ['an EXCHANGE that is not CBOR', first(HELLO, garbage(FRAME.exchange))],
    ['a BIND that is not CBOR', first(HELLO, garbage(FRAME.bind))],
    ['a HELLO with a member too many', first(encodeMessage('hello', 1, { client: 'x', admin: 1 } as never))],
    [
      'an EXCHANGE without a proof',
      first(HELLO, encodeMessage('exchange', 2, { parameters: [], proof: '' })),
    ],
    [
      'a BIND with a short signature',
      first(HELLO, encodeMessage('bind', 2, { session: victim.session, signature: new Uint8Array(63) })),
    ],
    [
      'an END with a token of another length',
      first(HELLO, encodeMessage('end', 2, { token: new Uint8Array(97) })),
    ],
    ['a token of another length', first(authorize({ token: token.subarray(1) }))],
    ['no token', first(authorize({ token: new Uint8Array(0) }))],
    ['no action', first(authorize({ action: new Uint8Array(0) }))],
    ['an action beyond the limit', first(authorize({ action: new Uint8Array(257).fill(97) }))],
    ['a resource beyond the limit', first(authorize({ id: new Uint8Array(2_049).fill(97) }))],
    ['an action that is not UTF-8', first(authorize({ action: Uint8Array.of(0x61, 0xc3, 0x28) }))],
    ['an action that begins with a byte order mark', first(authorize({ action: utf8('\ufefffiles.read') }))],
    ['a context that is a list', first(authorize({ context: Uint8Array.of(0x80) }))],
    [
      'a context with a byte string',
      first(authorize({ context: Uint8Array.of(0xa1, 0x61, 0x61, 0x41, 0x00) })),
    ],
    ['a context that is too deep', first(authorize({ context: nested(17) }))],
    ['a context that bottoms nowhere', first(authorize({ context: new Uint8Array(8_000).fill(0x81) }))],
    ['a question with something behind it', first(authorize({ rest: Uint8Array.of(0) }))],
  ])('%s', async (_, send) => {
    expect(await closeAfter(send)).toMatchObject({ by: 'peer', code: MESSAGE });
  });

  test('no HELLO in time, lanes or not [P-2.1]', async () => {
    const silent = t.rawConnect();
    const lane = t.rawConnect();
    lane.openStream().write(AUTHORIZE);
    await expect.poll(async () => (await t.audit()).some(({ cause }) => cause === 'not-bound')).toBe(true);

    t.clock.advance(9_999);
    expect(t.server.openConnections).toBe(3);
    t.clock.advance(1);

    expect(await silent.closed).toMatchObject({ by: 'peer', code: 0x13 });
    expect(await lane.closed).toMatchObject({ by: 'peer', code: 0x13 });
  });

  test('seventeen lanes [P-2.4, P-8.2]', async () => {
    const connection = t.rawConnect();
    await rawHello(connection);
    for (let lanes = 0; lanes < 17; lanes += 1) connection.openStream().write(AUTHORIZE);

    expect(await connection.closed).toMatchObject({ by: 'peer', code: 0x14 });
  });
});

describe('a connection goes on', () => {
  test('with any number of lanes, one after the other [P-2.5]', async () => {
    const agent = await rawSession(t.rawConnect(), (await t.signIn('bob')).accessToken);
    for (let lanes = 0; lanes < 40; lanes += 1) {
      const stream = agent.connection.openStream();
      const answered = Promise.withResolvers<void>();
      stream.setHandlers({ onData: () => answered.resolve() });
      stream.write(AUTHORIZE);
      await answered.promise;
      if (lanes % 2 === 0) stream.end();
      else stream.reset(0);
      await agent.ask('ping', {}, 'pong');
    }

    expect(await agent.lane(agent.bound.token)).toMatchObject({ effect: 'permit' });
    await agent.connection.close();
  });

  test('with a context as deep as the limit', async () => {
    const agent = await rawSession(t.rawConnect(), (await t.signIn('bob')).accessToken);
    const stream = agent.connection.openStream();
    const answered = Promise.withResolvers<Uint8Array>();
    stream.setHandlers({ onData: answered.resolve });

    stream.write(authorize({ token: agent.bound.token, context: nested(16) }));

    // Permitted, by policy.
    expect([...(await answered.promise).subarray(8, 10)]).toEqual([1, 0]);
    await agent.connection.close();
  });
});
