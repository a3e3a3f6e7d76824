import { toBase64Url, utf8 } from '@rta/core';
import { describe, expect, test } from 'vitest';
import { createSetReceiver } from '../src/index.ts';
import {
  AUDIENCE,
  claims,
  errorOf,
  ISSUER,
  JWKS,
  makeKey,
  openBench,
  SESSION_REVOKED,
  sign,
  without,
} from './fixture.ts';

describe('[R17] the Authorization header', () => {
  const SECRET = 'Bearer correct horse';

  test.each([undefined, '', 'Bearer', 'Bearer correct', `${SECRET} `, SECRET.toLowerCase(), 'correct horse'])(
    '%j is refused with 401',
    async (authorization) => {
      await using bench = openBench({ transmitter: { authorizationHeader: SECRET } });
      const headers = authorization === undefined ? {} : { authorization };
      const response = await bench.push(await sign(claims()), headers);
      expect([response.status, errorOf(response)]).toEqual([401, 'authentication_failed']);
      expect(response.headers['WWW-Authenticate']).toBe('Bearer realm="security events"');
      expect(bench.events).toEqual([]);
    },
  );

  test('it is checked before the token is read', async () => {
    await using bench = openBench({ transmitter: { authorizationHeader: SECRET } });
    expect((await bench.push('no token at all')).status).toBe(401);
  });

  test('the right one is accepted', async () => {
    await using bench = openBench({ transmitter: { authorizationHeader: SECRET } });
    expect((await bench.push(await sign(claims()), { authorization: SECRET })).status).toBe(202);
  });

  test('the header of one transmitter does not open for another', async () => {
    const partner = 'https://partner.example';
    const partnerKey = await makeKey('ES256');
    await using bench = openBench({
      transmitters: [
        { issuer: ISSUER, audience: AUDIENCE, jwks: JWKS, authorizationHeader: SECRET },
        {
          issuer: partner,
          audience: AUDIENCE,
          jwks: { keys: [partnerKey.jwk] },
          authorizationHeader: 'Bearer other',
        },
        { issuer: 'https://open.example', audience: AUDIENCE, jwks: JWKS },
      ],
    });
    const set = await sign(claims());
    expect((await bench.push(set, { authorization: 'Bearer other' })).status).toBe(401);
    expect((await bench.push(set)).status).toBe(401);
    expect((await bench.push(set, { authorization: SECRET })).status).toBe(202);
    expect((await bench.push(await sign(claims({ iss: 'https://open.example' })))).status).toBe(202);
  });
});

describe('[R18] content types', () => {
  test.each([
    'application/secevent+jwt',
    'application/secevent+jwt; charset=utf-8',
    'Application/SecEvent+JWT;x=y',
    ' application/secevent+jwt ',
  ])('%j is right', async (contentType) => {
    await using bench = openBench();
    expect((await bench.push(await sign(claims()), { contentType })).status).toBe(202);
  });

  test.each([
    'application/json',
    'application/jwt',
    'text/plain',
    '',
    'x-application/secevent+jwt',
    'application/secevent+jwtx',
  ])('%j is refused with 415', async (contentType) => {
    await using bench = openBench();
    expect(await bench.push(await sign(claims()), { contentType })).toEqual({
      status: 415,
      headers: {},
      body: null,
    });
  });

  test('none is refused with 415', async () => {
    await using bench = openBench();
    const push = { contentType: undefined, authorization: undefined, body: utf8(await sign(claims())) };
    expect((await bench.receiver.receivePush(push)).status).toBe(415);
  });
});

describe('[R19] bodies that are made to hurt', () => {
  test('one that is too large is refused with 413, and one that just fits is read', async () => {
    await using bench = openBench();
    expect(await bench.push(new Uint8Array(65_537))).toEqual({ status: 413, headers: {}, body: null });
    expect((await bench.push(new Uint8Array(65_536))).status).toBe(400);
  });

  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['two parts', 'e30.e30'],
    ['four parts', 'e30.e30.e30.e30'],
    ['a JWE', 'e30.e30.e30.e30.e30'],
    ['a JSON serialization', '{"payload":"e30","protected":"e30","signature":"e30"}'],
    ['a line end behind', 'e30.e30.e30\n'],
    ['padding', 'e30=.e30=.e30='],
    ['spare bits', 'e31.e30.e30'],
    ['bytes that are not ASCII', new Uint8Array([0xff, 0x2e, 0xfe, 0x2e, 0xfd])],
    ['a header that is no object', `${toBase64Url(utf8('"x"'))}.e30.e30`],
    ['a header that is null', `${toBase64Url(utf8('null'))}.e30.e30`],
  ])('%s', async (_case, body) => {
    await using bench = openBench();
    const response = await bench.push(body);
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
  });

  const text = JSON.stringify(without('sub_id', 'jti'));
  const around = (members: string): string =>
    text.replace(/}$/, `,"jti":"j","sub_id":{"format":"opaque","id":"x"}${members}}`);

  test.each([
    ['a claim twice', around(',"iss":"https://attacker.example"')],
    ['a claim twice, once in escapes', around(',"\\u0069ss":"https://attacker.example"')],
    [
      'a member of the subject twice',
      text.replace(/}$/, ',"jti":"j","sub_id":{"format":"opaque","id":"x","id":"y"}}'),
    ],
    [
      'a member of the event twice',
      around('').replace('{"event_timestamp"', '{"event_timestamp":1,"event_timestamp"'),
    ],
    [
      'two events under one name',
      around('').replace(`{"${SESSION_REVOKED}"`, `{"${SESSION_REVOKED}":{},"${SESSION_REVOKED}"`),
    ],
    ['nesting beyond 32', around(`,"x":${'['.repeat(32)}${']'.repeat(32)}`)],
    ['nesting without end', `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`],
    ['half a character in a value', around(',"x":"\\ud800"')],
    ['half a character in a name', around(',"\\udc00":1')],
    ['no JSON', `${text}}`],
    ['JSON with a comment', text.replace('{', '{/**/')],
    ['a byte order mark', `\ufeff${text}`],
    ['a list', '[]'],
    ['null', 'null'],
  ])('a payload: %s', async (_case, payload) => {
    await using bench = openBench();
    const response = await bench.send(payload);
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
    expect(bench.published).toMatchObject([{ error: { code: 'RTA_SSF_MALFORMED' } }]);
  });

  test('what only looks like it is read: names that are equal in different objects, brackets and quotes in text', async () => {
    await using bench = openBench();
    const payload = around(
      `,"x":{"iss":1,"y":[{"iss":1},{"iss":1}]},"z":"\\"iss\\":{{{[[[","\\\\":1,"w":"\\ud83d\\udd11","deep":${'['.repeat(31)}${']'.repeat(31)}`,
    );
    expect((await bench.send(payload)).status).toBe(202);
  });

  test('a signature in another spelling is refused: one token has one text', async () => {
    await using bench = openBench();
    const set = await sign(claims());
    // The last of 342 characters carries two bits of the signature and four that must be zero.
    const other: Record<string, string> = { A: 'B', Q: 'R', g: 'h', w: 'x' };
    const response = await bench.push(`${set.slice(0, -1)}${other[set.slice(-1)]}`);
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
    expect((await bench.push(set)).status).toBe(202);
  });

  test('a header with a name twice is refused', async () => {
    await using bench = openBench();
    const header = toBase64Url(utf8('{"typ":"secevent+jwt","alg":"none","alg":"RS256","kid":"key-1"}'));
    const [, payload, signature] = (await sign(claims())).split('.');
    const response = await bench.push(`${header}.${payload}.${signature}`);
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_request']);
  });

  test('more tokens at once than are worked on are sent away with 429', async () => {
    const durable = Promise.withResolvers<void>();
    await using bench = openBench({ accept: () => durable.promise, limits: { inFlightCount: 2 } });
    const sets = await Promise.all([sign(claims()), sign(claims()), sign(claims())]);
    const answers = sets.map((set) => bench.push(set));
    expect(await answers[2]).toEqual({ status: 429, headers: { 'Retry-After': '5' }, body: null });
    durable.resolve();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([202, 202, 429]);
    expect((await bench.push(sets[2] ?? '')).status).toBe(202);
  });
});

describe('[R20] the answer to a token that is refused', () => {
  test('is JSON with an error code and a description in English, and nothing of the token', async () => {
    await using bench = openBench();
    const response = await bench.send(claims({ aud: 'https://secret.example', sub: 'secret-user' }));
    expect(response.status).toBe(400);
    expect(response.headers).toEqual({ 'Content-Type': 'application/json', 'Content-Language': 'en' });
    const body: unknown = JSON.parse(response.body ?? '');
    expect(body).toEqual({ err: 'invalid_audience', description: expect.stringMatching(/^[a-z].+/) });
    expect(response.body).not.toMatch(/secret/);
  });

  test.each([
    ['claims', claims({ jti: { secret: 1 } })],
    ['subject', claims({ sub_id: { format: 'email', email: 'secret' } })],
    ['event', claims({ events: { [SESSION_REVOKED]: { reason_admin: { secret: 1 } } } })],
    ['JSON', '{"secret'],
  ])('a fault of the %s does not echo it either', async (_case, payload) => {
    await using bench = openBench();
    const response = await bench.send(payload);
    expect(response.status).toBe(400);
    expect(response.body).not.toMatch(/secret/);
  });
});

describe('diagnostics', () => {
  test('say what became of a push, and nothing of a token that was not verified', async () => {
    await using bench = openBench();
    await bench.send(claims({ jti: 'a' }));
    await bench.send(claims({ jti: 'b' }), { key: await makeKey('RS256', 'key-1') });
    expect(bench.published).toEqual([
      {
        way: 'push',
        outcome: 'accepted',
        issuer: ISSUER,
        jti: 'a',
        eventType: SESSION_REVOKED,
        durationMs: 0,
      },
      {
        way: 'push',
        outcome: 'refused',
        issuer: ISSUER,
        durationMs: 0,
        error: expect.objectContaining({ code: 'RTA_SSF_SIGNATURE' }),
      },
    ]);
  });
});

describe('the life of a receiver', () => {
  test('closing waits for tokens under way, and then none are taken', async () => {
    const durable = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    await using bench = openBench({
      accept: () => {
        entered.resolve();
        return durable.promise;
      },
    });
    const order: string[] = [];
    const answered = bench.send(claims()).then(({ status }) => order.push(`answered ${status}`));
    await entered.promise;
    const closing = bench.receiver.close().then(() => order.push('closed'));
    expect(await bench.send(claims())).toEqual({ status: 503, headers: { 'Retry-After': '5' }, body: null });
    order.push('durable');
    durable.resolve();
    await Promise.all([answered, closing, bench.receiver.close()]);
    expect(order[0]).toBe('durable');
    expect(order.slice(1).sort()).toEqual(['answered 202', 'closed']);
  });

  test.each([
    ['a transmitter twice', [{ issuer: ISSUER }, { issuer: ISSUER }]],
    ['an issuer without a name', [{ issuer: '' }]],
    ['no audience', [{ issuer: ISSUER, audience: [] }]],
    ['an empty audience', [{ issuer: ISSUER, audience: '' }]],
    ['an algorithm with a shared secret', [{ issuer: ISSUER, algorithms: ['HS256'] }]],
    ['no signature', [{ issuer: ISSUER, algorithms: ['none'] }]],
    ['an event type that does not exist', [{ issuer: ISSUER, eventTypes: ['session-revoked'] }]],
    ['a header that is two lines', [{ issuer: ISSUER, authorizationHeader: 'Bearer x\r\nX-Y: z' }]],
    ['an empty header', [{ issuer: ISSUER, authorizationHeader: '' }]],
  ])('options with %s are refused', (_case, transmitters) => {
    const options = {
      singleUse: { claim: async () => true, has: async () => false },
      accept: async () => {},
      clock: { now: () => 0, monotonicMs: () => 0, after: () => ({ cancel: () => {} }) },
      transmitters: transmitters.map((one) => ({ audience: AUDIENCE, jwks: JWKS, ...one })),
    };
    // As a program without types would call it.
    expect(() => createSetReceiver(options as Parameters<typeof createSetReceiver>[0])).toThrow(TypeError);
  });

  test.each([0, -1, 1.5, Number.NaN])('a limit of %s is refused', (setBytes) => {
    expect(() => openBench({ limits: { setBytes } })).toThrow(RangeError);
  });
});
