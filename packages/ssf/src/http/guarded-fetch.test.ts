import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type LookupFunction } from 'node:net';
import { createFakeClock, type FakeClock } from '@rta/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { createGuardedFetch, type GuardedFetch, type GuardedFetchOptions } from './guarded-fetch.ts';

const cleanups: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of cleanups.splice(0)) await one[Symbol.asyncDispose]();
});

function guard(options: Partial<GuardedFetchOptions> & { readonly clock?: FakeClock } = {}): GuardedFetch {
  const made = createGuardedFetch({ clock: createFakeClock(), ...options });
  cleanups.push(made);
  return made;
}

/** A web server on the loopback interface. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  cleanups.push({
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port on the loopback interface that counts who connects. */
async function countConnections(): Promise<{ readonly port: number; readonly count: () => number }> {
  let count = 0;
  const server = createTcpServer((socket) => {
    count += 1;
    socket.destroy();
  });
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  cleanups.push({ [Symbol.asyncDispose]: async () => void server.close() });
  return { port: (server.address() as AddressInfo).port, count: () => count };
}

function resolveTo(address: string): LookupFunction {
  return (_hostname, _options, callback) => callback(null, [{ address, family: 4 }]);
}

describe('a guarded fetch', () => {
  test('brings the answer, headers and all', async () => {
    const url = await serve((request, response) => {
      response.writeHead(201, {
        'content-type': 'application/json',
        'x-saw': String(request.headers['x-a']),
      });
      request.pipe(response);
    });
    const answer = await guard({ allowLoopbackHttp: true })(`${url}/streams?a=1`, {
      method: 'POST',
      headers: { 'x-a': 'b' },
      body: '{"a":1}',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('x-saw')).toBe('b');
    expect(await answer.json()).toEqual({ a: 1 });
  });

  test('sends a form as a form, and understands an answer without a body', async () => {
    let type: string | undefined;
    const url = await serve((request, response) => {
      type = request.headers['content-type'];
      response.writeHead(204).end();
    });
    const answer = await guard({ allowLoopbackHttp: true })(url, {
      method: 'POST',
      body: new URLSearchParams({ a: 'b' }),
    });
    expect(answer.status).toBe(204);
    expect(type).toBe('application/x-www-form-urlencoded;charset=UTF-8');
  });

  test.each(['http://idp.example/', 'https://jane@idp.example/', 'file:///etc/passwd', 'no URL'])(
    'refuses %s',
    async (url) => {
      await expect(guard({ allowPrivateAddresses: true })(url)).rejects.toMatchObject({
        code: 'RTA_SSF_URL_REFUSED',
      });
    },
  );

  test.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://[::1]/',
    'https://[::ffff:7f00:1]/',
    'https://169.254.169.254/latest/meta-data',
    'https://[fd00::1]/',
    'https://[64:ff9b::a00:1]/',
  ])('does not connect to the private address of %s', async (url) => {
    await expect(guard()(url)).rejects.toMatchObject({ code: 'RTA_SSF_ADDRESS_REFUSED' });
  });

  test('does not connect to a name that leads to a private address', async () => {
    const { port, count } = await countConnections();
    const lookup = resolveTo('127.0.0.1');
    await expect(guard({ lookup })(`https://receiver.example:${port}/`)).rejects.toMatchObject({
      code: 'RTA_SSF_ADDRESS_REFUSED',
    });
    expect(count()).toBe(0);
  });

  test('looks at the address that it connects to, not at one that was looked up before (DNS rebinding)', async () => {
    const { port, count } = await countConnections();
    let lookups = 0;
    const lookup: LookupFunction = (...lookedUp) => {
      lookups += 1;
      resolveTo(lookups === 1 ? '169.254.169.254' : '127.0.0.1')(...lookedUp);
    };
    const guarded = guard({ lookup });
    const url = `https://receiver.example:${port}/`;
    await expect(guarded(url)).rejects.toMatchObject({ code: 'RTA_SSF_ADDRESS_REFUSED' });
    await expect(guarded(url)).rejects.toMatchObject({ code: 'RTA_SSF_ADDRESS_REFUSED' });
    expect(lookups).toBe(2);
    expect(count()).toBe(0);
  });

  test('connects to a private address of a host that the operator named', async () => {
    const { port, count } = await countConnections();
    const lookup = resolveTo('127.0.0.1');
    const guarded = guard({ lookup, trustedHosts: ['idp.internal'] });
    await expect(guarded(`https://idp.internal:${port}/`)).rejects.toMatchObject({
      code: 'RTA_SSF_UNREACHABLE',
    });
    expect(count()).toBe(1);
  });

  test.each([301, 302, 303, 307, 308])('follows no redirect (%i)', async (status) => {
    let requests = 0;
    const url = await serve((_, response) => {
      requests += 1;
      response.writeHead(status, { location: '/elsewhere' }).end('moved');
    });
    await expect(guard({ allowLoopbackHttp: true })(url)).rejects.toMatchObject({ code: 'RTA_SSF_REDIRECT' });
    expect(requests).toBe(1);
  });

  test('stops reading where an answer is too large', async () => {
    const url = await serve((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1000)));
        response.once('drain', more);
      };
      more();
    });
    const guarded = guard({ allowLoopbackHttp: true, responseBytes: 10_000 });
    await expect(guarded(url)).rejects.toMatchObject({ code: 'RTA_SSF_ANSWER_TOO_LARGE' });
  });

  test('does not decompress', async () => {
    let accepted: string | undefined;
    const url = await serve((request, response) => {
      accepted = request.headers['accept-encoding'];
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('not unpacked');
    });
    const answer = await guard({ allowLoopbackHttp: true })(url);
    expect(accepted).toBeUndefined();
    expect(await answer.text()).toBe('not unpacked');
  });

  test('gives up when the time is over, also in the middle of a body', async () => {
    const clock = createFakeClock();
    const url = await serve((_, response) => {
      response.write('{');
      clock.advance(3000);
    });
    const guarded = guard({ clock, allowLoopbackHttp: true, timeoutMs: 3000 });
    await expect(guarded(url)).rejects.toMatchObject({
      code: 'RTA_SSF_UNREACHABLE',
      retryable: true,
      details: { reason: 'timeout' },
    });
    expect(clock.pendingTimers).toBe(0);
  });

  test('rejects with the reason of the signal', async () => {
    const reason = new Error('left');
    const leaving = new AbortController();
    const url = await serve(() => leaving.abort(reason));
    await expect(guard({ allowLoopbackHttp: true })(url, { signal: leaving.signal })).rejects.toBe(reason);
  });

  test('breaks off what is under way when it is closed', async () => {
    const guarded = guard({ allowLoopbackHttp: true });
    const url = await serve(() => void guarded.close());
    await expect(guarded(url)).rejects.toMatchObject({ details: { reason: 'closed' } });
    await expect(guarded(url)).rejects.toMatchObject({ details: { reason: 'closed' } });
  });

  test.each([0, -1, 1.5, Number.NaN])('has no limit of %s', (responseBytes) => {
    expect(() => guard({ responseBytes })).toThrow(RangeError);
  });
});
