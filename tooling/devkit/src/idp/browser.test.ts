import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Browser, createBrowser } from './browser.ts';

let server: Server;
let origin: string;
let browser: Browser;
let seen: string[];

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.cookie ?? '-'}`);
    const redirect = (location: string, cookie = 'none=') => {
      response.writeHead(303, { Location: location, 'Set-Cookie': cookie }).end();
    };
    if (request.url === '/away') redirect('http://elsewhere.example/collect');
    else if (request.url === '/scheme') redirect('file:///etc/passwd');
    else if (request.url === '/loop') redirect('/loop');
    else if (request.url === '/long') response.end(`<form>${'x'.repeat(70_000)}</form>`);
    else if (request.url === '/form')
      response.end('<form action="/post"><input name="a" value="1"><input name="b"></form>');
    else if (request.url === '/post') redirect('/back', 'session=1; path=/');
    else if (request.url === '/back') redirect('http://127.0.0.1:1/callback?code=7');
    else response.writeHead(404).end('nothing');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  seen = [];
  browser = createBrowser({ origin, redirectUri: 'http://127.0.0.1:1/callback' });
});

describe('the browser', () => {
  it('posts a form, keeps the cookie, follows with GET, and hands the callback over without requesting it', async () => {
    const form = await browser.open(new URL('/form', origin));
    if (form.kind !== 'form') throw new Error('expected a form');
    const place = await browser.submit(form, { b: '2' });
    expect(place).toEqual({ kind: 'callback', url: new URL('http://127.0.0.1:1/callback?code=7') });
    expect(seen).toEqual(['GET /form -', 'POST /post -', 'GET /back session=1']);
  });

  it.each(['/away', '/scheme'])('does not follow %s to another origin', async (path) => {
    await expect(browser.open(new URL(path, origin))).rejects.toMatchObject({ code: 'RTA_DEVIDP_SIGN_IN' });
    expect(seen).toHaveLength(1);
  });

  it('follows twenty redirects in a row and no more', async () => {
    await expect(browser.open(new URL('/loop', origin))).rejects.toMatchObject({
      code: 'RTA_DEVIDP_SIGN_IN',
    });
    expect(seen).toHaveLength(21);
  });

  it('reads no page above its limit', async () => {
    await expect(browser.open(new URL('/long', origin))).rejects.toMatchObject({
      code: 'RTA_DEVIDP_SIGN_IN',
    });
  });

  it('says where it ended when there is nothing to fill in', async () => {
    expect(await browser.open(new URL('/nowhere', origin))).toEqual({
      kind: 'page',
      url: new URL('/nowhere', origin),
      status: 404,
    });
  });
});
