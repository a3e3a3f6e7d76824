import { expect, test } from 'vitest';
import { parseMove, parseRedisUrl } from './address.ts';

test('a URL has host, port, user, password and database', () => {
  expect(parseRedisUrl('rediss://us%40er:p%3Ass@redis.example:6380/3')).toEqual({
    host: 'redis.example',
    port: 6380,
    username: 'us@er',
    password: 'p:ss',
    database: 3,
    isTls: true,
  });
  expect(parseRedisUrl('redis://[::1]')).toEqual({
    host: '::1',
    port: 6379,
    username: undefined,
    password: undefined,
    database: 0,
    isTls: false,
  });
});

test.each(['redis://user:secret@host/x', 'http://user:secret@host', 'redis://user:secret@host?a=1'])(
  'a URL that is wrong is not shown',
  (url) => {
    expect(() => parseRedisUrl(url)).toThrow(TypeError);
    expect(() => parseRedisUrl(url)).not.toThrow(/secret|user:s/);
  },
);

test.each([
  ['10.0.0.1:6380', { host: '10.0.0.1', port: 6380 }],
  [':6380', { host: 'asked', port: 6380 }],
  ['2001:db8::1:6380', { host: '2001:db8::1', port: 6380 }],
  ['', undefined],
  ['host:', undefined],
])('a cluster says that keys have moved to `%s`', (text, expected) => {
  expect(parseMove(text, 'asked')).toEqual(expected);
});
