import { expect, test } from 'vitest';
import { dpopTarget } from './dpop-target.ts';

test.each([
  ['https://rta.example/oauth/token', 'https://rta.example/oauth/token'],
  ['HTTPS://RTA.Example:443/oauth/token?x=1#y', 'https://rta.example/oauth/token'],
  ['https://rta.example/a/../oauth/./token', 'https://rta.example/oauth/token'],
  ['https://rta.example/o%61uth/%74oken', 'https://rta.example/oauth/token'],
  ['https://rta.example/a%2fb%c3%a9', 'https://rta.example/a%2Fb%C3%A9'],
  ['https://rta.example', 'https://rta.example/'],
  ['http://127.0.0.1:8080/oauth/token', 'http://127.0.0.1:8080/oauth/token'],
])('%s has the normal form %s', (url, normal) => {
  expect(dpopTarget(url)).toBe(normal);
});

test('an escaped slash is not a slash', () => {
  expect(dpopTarget('https://rta.example/oauth%2Ftoken')).not.toBe('https://rta.example/oauth/token');
});

test.each([
  '',
  '/oauth/token',
  'ftp://rta.example/',
  'https://user@rta.example/',
  'https://:p@rta.example/',
  'x:y',
])('%j is no target', (text) => {
  expect(dpopTarget(text)).toBeUndefined();
});
