import { createFakeClock } from '@rta/testkit';
import { describe, expect, it } from 'vitest';
import { createCookieJar } from './cookie-jar.ts';

const at = (path: string) => new URL(path, 'http://127.0.0.1');

describe('the cookie jar', () => {
  it('sends a cookie at its path and below, and nowhere else', () => {
    const jar = createCookieJar(createFakeClock());
    jar.take(at('/auth'), ['a=1; path=/interaction/x; httponly']);
    expect(jar.headerFor(at('/interaction/x'))).toBe('a=1');
    expect(jar.headerFor(at('/interaction/x/y'))).toBe('a=1');
    expect(jar.headerFor(at('/interaction/xy'))).toBeUndefined();
    expect(jar.headerFor(at('/'))).toBeUndefined();
  });

  it('sends the cookie with the longest path first', () => {
    const jar = createCookieJar(createFakeClock());
    jar.take(at('/'), ['a=root; path=/', 'a=deep; path=/auth']);
    expect(jar.headerFor(at('/auth/1'))).toBe('a=deep; a=root');
  });

  it('takes the folder of the address where no path is given', () => {
    const jar = createCookieJar(createFakeClock());
    jar.take(at('/auth/1'), ['a=1', 'b=2; path=relative']);
    expect(jar.headerFor(at('/auth/2'))).toBe('a=1; b=2');
    expect(jar.headerFor(at('/authority'))).toBeUndefined();
  });

  it('replaces a cookie of the same name and path', () => {
    const jar = createCookieJar(createFakeClock());
    jar.take(at('/'), ['a=1; path=/', 'a=x=y; path=/']);
    expect(jar.headerFor(at('/'))).toBe('a=x=y');
  });

  it('drops a cookie that the server lets expire', () => {
    const jar = createCookieJar(createFakeClock());
    jar.take(at('/'), ['a=1; path=/', 'b=2; path=/', 'c=3; path=/']);
    jar.take(at('/'), [
      'a=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT',
      'b=; path=/; Max-Age=0',
      'c=4; path=/; expires=Fri, 01 Jan 2027 00:00:00 GMT',
    ]);
    expect(jar.headerFor(at('/'))).toBe('c=4');
  });
});
