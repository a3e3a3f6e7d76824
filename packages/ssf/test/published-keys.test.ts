import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFakeClock } from '@rta/testkit';
import { describe, expect, test } from 'vitest';
import {
  type Bench,
  claims,
  errorOf,
  ISSUER,
  JWKS,
  KEY,
  makeKey,
  NOW_MS,
  NOW_SECONDS,
  openBench,
  sign,
} from './fixture.ts';

interface KeyServer extends AsyncDisposable {
  readonly uri: string;
  /** Requests that have arrived. */
  readonly requests: number;
}

/** A web server on the loopback interface that answers every request in one way, which may change. */
async function serveKeys(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<KeyServer> {
  let requests = 0;
  const server: Server = createServer((request, response) => {
    requests += 1;
    answer(request, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    uri: `http://127.0.0.1:${port}/jwks.json`,
    get requests() {
      return requests;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

const json = (response: ServerResponse, value: unknown): void => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(value));
};

const at = (keys: KeyServer) => ({ transmitter: { jwksUri: keys.uri, allowInsecureHttp: true } });

const OTHER_KEY = await makeKey('RS256', 'key-2');

describe('[R5] requests for the key set', () => {
  test('keys are fetched once, when the first token needs them, and for many at once', async () => {
    await using keys = await serveKeys((_request, response) => json(response, JWKS));
    await using bench = openBench(at(keys));
    const sets = await Promise.all(Array.from({ length: 10 }, () => sign(claims())));
    const first = await Promise.all(sets.map((set) => bench.push(set)));
    expect(first.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 202));
    expect((await bench.send(claims())).status).toBe(202);
    expect(keys.requests).toBe(1);
  });

  test('10 000 tokens with unknown keys cause three more requests, and each is refused', async () => {
    await using keys = await serveKeys((_request, response) => json(response, JWKS));
    await using bench = openBench(at(keys));
    await bench.send(claims());
    bench.clock.advance(10_000);
    const [, payload, signature] = (await sign(claims())).split('.');
    const answers = new Map<string, number>();
    for (let index = 0; index < 10_000; index++) {
      const header = Buffer.from(
        JSON.stringify({ typ: 'secevent+jwt', alg: 'RS256', kid: `unknown-${index}` }),
      );
      const response = await bench.push(`${header.toString('base64url')}.${payload}.${signature}`);
      const answer = `${response.status} ${String(errorOf(response))}`;
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
    }
    expect([...answers]).toEqual([['400 invalid_key', 10_000]]);
    expect(keys.requests).toBe(4);
  });

  test('while the key set cannot be read it is asked for thrice and then once in ten seconds, and tokens are not refused for good', async () => {
    await using keys = await serveKeys((_request, response) => {
      response.statusCode = 500;
      response.end();
    });
    await using bench = openBench(at(keys));
    for (let index = 0; index < 20; index++) {
      const response = await bench.send(claims());
      expect(response).toEqual({ status: 503, headers: { 'Retry-After': '5' }, body: null });
    }
    expect(keys.requests).toBe(3);
    bench.clock.advance(10_000);
    expect((await bench.send(claims())).status).toBe(503);
    expect(keys.requests).toBe(4);
    expect(bench.published[0]).toMatchObject({ error: { code: 'RTA_SSF_KEYS_UNAVAILABLE' } });
  });
});

/** Has the key set read as often as it may be in quick succession. */
async function spendRequests(bench: Bench): Promise<void> {
  for (const keyId of ['nobody-1', 'nobody-2']) {
    const response = await bench.send(claims(), { key: { ...OTHER_KEY, keyId } });
    expect(errorOf(response)).toBe('invalid_key');
  }
}

describe('[R6] rotation', () => {
  test('a key that nobody published is refused for good, also of a token that was signed just now', async () => {
    await using keys = await serveKeys((_request, response) => json(response, JWKS));
    await using bench = openBench(at(keys));
    await bench.send(claims());
    const response = await bench.send(claims({ iat: NOW_SECONDS }), { key: OTHER_KEY });
    expect([response.status, errorOf(response)]).toEqual([400, 'invalid_key']);
    expect(keys.requests).toBe(2);
  });

  test('a new key is accepted after one request', async () => {
    let published = JWKS;
    await using keys = await serveKeys((_request, response) => json(response, published));
    await using bench = openBench(at(keys));
    await bench.send(claims());
    bench.clock.advance(10_000);
    published = { keys: [KEY.jwk, OTHER_KEY.jwk] };
    expect((await bench.send(claims(), { key: OTHER_KEY })).status).toBe(202);
    expect((await bench.send(claims(), { key: OTHER_KEY })).status).toBe(202);
    expect(keys.requests).toBe(2);
  });

  test('a token that is younger than the key set is not refused for good while the key set may not be read again', async () => {
    let published = JWKS;
    await using keys = await serveKeys((_request, response) => json(response, published));
    await using bench = openBench(at(keys));
    await spendRequests(bench);
    bench.clock.advance(3_000);
    published = { keys: [KEY.jwk, OTHER_KEY.jwk] };
    const set = await sign(claims({ iat: NOW_SECONDS + 3 }), { key: OTHER_KEY });
    expect((await bench.push(set)).status).toBe(503);
    expect(keys.requests).toBe(3);
    bench.clock.advance(7_000);
    expect((await bench.push(set)).status).toBe(202);
    expect(bench.events.length).toBe(1);
  });

  test('a token of the second in which the keys were read may be younger than they: it is dated in whole seconds', async () => {
    let published = JWKS;
    await using keys = await serveKeys((_request, response) => json(response, published));
    await using bench = openBench(at(keys));
    bench.clock.advance(400);
    await spendRequests(bench);
    published = { keys: [KEY.jwk, OTHER_KEY.jwk] };
    const set = await sign(claims({ iat: NOW_SECONDS }), { key: OTHER_KEY });
    expect((await bench.push(set)).status).toBe(503);
    bench.clock.advance(10_000);
    expect((await bench.push(set)).status).toBe(202);
  });

  test('a key that was withdrawn is not trusted for longer than ten minutes', async () => {
    let published = JWKS;
    await using keys = await serveKeys((_request, response) => json(response, published));
    await using bench = openBench(at(keys));
    await bench.send(claims());
    published = { keys: [OTHER_KEY.jwk] };
    bench.clock.advance(600_000);
    expect((await bench.send(claims())).status).toBe(202);
    bench.clock.advance(1);
    expect(errorOf(await bench.send(claims()))).toBe('invalid_key');
  });

  test('while the key set cannot be read again known keys serve for an hour and no longer', async () => {
    let up = true;
    await using keys = await serveKeys((_request, response) => {
      if (up) return json(response, JWKS);
      response.statusCode = 503;
      response.end();
    });
    await using bench = openBench(at(keys));
    await bench.send(claims());
    up = false;
    bench.clock.advance(3_600_000);
    expect((await bench.send(claims())).status).toBe(202);
    bench.clock.advance(10_001);
    expect((await bench.send(claims())).status).toBe(503);
    up = true;
    bench.clock.advance(10_000);
    expect((await bench.send(claims())).status).toBe(202);
  });
});

describe('[R27] answers that are no key set', () => {
  test('a redirect is not followed', async () => {
    await using elsewhere = await serveKeys((_request, response) => json(response, JWKS));
    await using keys = await serveKeys((_request, response) => {
      response.writeHead(302, { Location: elsewhere.uri });
      response.end();
    });
    await using bench = openBench(at(keys));
    expect((await bench.send(claims())).status).toBe(503);
    expect([keys.requests, elsewhere.requests]).toEqual([1, 0]);
  });

  test.each([
    ['text', 'no JSON'],
    ['null', 'null'],
    ['a list', '[]'],
    ['keys that are text', '{"keys":"all"}'],
    ['keys that are not objects', '{"keys":[null]}'],
    ['more than may be', JSON.stringify({ ...JWKS, padding: 'x'.repeat(262_144) })],
  ])('%s', async (_case, body) => {
    await using keys = await serveKeys((_request, response) => void response.end(body));
    await using bench = openBench(at(keys));
    expect((await bench.send(claims())).status).toBe(503);
    expect(bench.events).toEqual([]);
  });

  test('a private key among the keys is not used', async () => {
    const { exportJWK } = await import('jose');
    const leaked = { ...(await exportJWK(KEY.privateKey)), kid: 'key-1' };
    await using bench = openBench({ transmitter: { jwks: { keys: [leaked] } } });
    expect(errorOf(await bench.send(claims()))).toBe('invalid_key');
  });

  test('a server that does not answer is given five seconds', async () => {
    const clock = createFakeClock(NOW_MS);
    const asked = Promise.withResolvers<void>();
    await using keys = await serveKeys(() => asked.resolve());
    await using bench = openBench({ ...at(keys), fakeClock: clock });
    const sending = bench.send(claims());
    await asked.promise;
    clock.advance(4_999);
    expect(clock.pendingTimers).toBeGreaterThan(0);
    clock.advance(1);
    expect((await sending).status).toBe(503);
    expect(clock.pendingTimers).toBe(0);
  });

  test('closing the receiver breaks off a request', async () => {
    const asked = Promise.withResolvers<void>();
    await using keys = await serveKeys(() => asked.resolve());
    const bench = openBench(at(keys));
    const sending = bench.send(claims());
    await asked.promise;
    await bench.receiver.close();
    expect((await sending).status).toBe(503);
    await bench[Symbol.asyncDispose]();
  });
});

describe('where keys may come from', () => {
  test.each([
    ['http on the loopback interface without leave', { jwksUri: 'http://127.0.0.1/jwks' }],
    ['http elsewhere, leave or not', { jwksUri: 'http://idp.example/jwks', allowInsecureHttp: true }],
    [
      'http to a name that only looks like loopback',
      { jwksUri: 'http://127.0.0.1.attacker.example/jwks', allowInsecureHttp: true },
    ],
    ['a file', { jwksUri: 'file:///etc/keys' }],
    ['a URL with a password', { jwksUri: 'https://user:secret@idp.example/jwks' }],
    ['no URL', { jwksUri: 'idp.example/jwks' }],
    ['keys and a URL', { jwksUri: 'https://idp.example/jwks', jwks: JWKS }],
  ])('%s is refused', (_case, transmitter) => {
    expect(() => openBench({ transmitter })).toThrow(TypeError);
  });

  test('neither keys nor a URL is refused', () => {
    expect(() => openBench({ transmitters: [{ issuer: ISSUER, audience: 'x' }] })).toThrow(TypeError);
  });

  test('https is right', async () => {
    const asked: unknown[] = [];
    await using bench = openBench({
      transmitter: { jwksUri: 'https://idp.example/jwks' },
      fetch: async (input) => {
        asked.push(input);
        return Response.json(JWKS);
      },
    });
    expect((await bench.send(claims())).status).toBe(202);
    expect(asked).toEqual(['https://idp.example/jwks']);
  });
});
