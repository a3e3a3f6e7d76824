import { createFakeClock } from '@rta/testkit';
import { expect, test } from 'vitest';
import { createIdpRegistry, type IssuerOptions } from '../src/index.ts';

const ISSUER = 'https://idp.example';

function create(changes: object): () => unknown {
  const issuer = {
    issuer: ISSUER,
    audiences: ['https://rta.example'],
    jwks: {},
    ...changes,
  } as IssuerOptions;
  return () => createIdpRegistry({ issuers: [issuer], clock: createFakeClock() });
}

test.each([
  'https://idp.example',
  'https://idp.example/',
  'https://idp.example/tenants/7',
  'https://idp.example:8443',
])('%s can be an issuer', (issuer) => {
  expect(create({ issuer })).not.toThrow();
});

test.each([
  'http://idp.example',
  'http://127.0.0.1',
  'ftp://idp.example',
  'idp.example',
  '',
  'https://user:pass@idp.example',
  'https://idp.example?x',
  'https://idp.example#x',
  ' https://idp.example',
  'https://idp.exa\nmple',
])('%j cannot be an issuer', (issuer) => {
  expect(create({ issuer })).toThrow(TypeError);
});

test.each(['http://127.0.0.1:8080', 'http://127.1.2.3', 'http://localhost:1', 'http://[::1]:1'])(
  '%s can be an issuer where insecure HTTP is allowed',
  (issuer) => {
    expect(create({ issuer, allowInsecureHttp: true })).not.toThrow();
  },
);

test.each([
  'http://idp.example',
  'http://127.0.0.1.evil.example',
  'http://localhost.evil.example',
  'http://[::2]',
])('allowed insecure HTTP does not reach beyond this machine: %s', (issuer) => {
  expect(create({ issuer, allowInsecureHttp: true })).toThrow(TypeError);
});

test.each<[string, object]>([
  ['no way to validate', { jwks: undefined }],
  ['nobody that tokens may be for', { audiences: [] }],
  ['an empty audience', { audiences: [''] }],
  [
    'ID tokens without keys',
    { clientIds: ['c'], jwks: undefined, introspection: { clientId: 'a', clientSecret: 'b' } },
  ],
  ['an insecure jwks_uri', { jwks: { uri: 'http://idp.example/jwks' } }],
  ['a symmetric algorithm', { jwks: { algorithms: ['RS256', 'HS256'] } }],
  ['no algorithm but none', { jwks: { algorithms: ['none'] } }],
  ['an empty list of algorithms', { jwks: { algorithms: [] } }],
  [
    'an insecure introspection endpoint',
    { introspection: { endpoint: 'http://x/', clientId: 'a', clientSecret: 'b' } },
  ],
  ['an empty client secret', { introspection: { clientId: 'a', clientSecret: '' } }],
])('an issuer with %s is refused', (_what, changes) => {
  expect(create(changes)).toThrow(TypeError);
});

test.each([-1, 300_001, Number.NaN])('a clock skew of %d ms is refused', (clockSkewMs) => {
  expect(create({ clockSkewMs })).toThrow(RangeError);
});

test('an issuer that stands twice is refused', () => {
  const issuer = { issuer: ISSUER, audiences: ['a'], jwks: {} };
  expect(() => createIdpRegistry({ issuers: [issuer, issuer], clock: createFakeClock() })).toThrow(TypeError);
});
