import { fc, test as propertyTest } from '@fast-check/vitest';
import { isRtaError } from '@rta/core';
import { expect, test } from 'vitest';
import { parseExchangeRequest } from './exchange-request.ts';

const MINIMAL = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token: 'opaque',
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  agent: '{"id":"agent-7"}',
};

function code(parameters: Iterable<readonly [string, string]>): unknown {
  try {
    return parseExchangeRequest(parameters);
  } catch (error) {
    return isRtaError(error) ? error.code : error;
  }
}

function codeWith(changes: Record<string, string>): unknown {
  return code(new URLSearchParams({ ...MINIMAL, ...changes }));
}

test('the least request names grant, token and agent', () => {
  expect(parseExchangeRequest(new URLSearchParams(MINIMAL))).toEqual({
    grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subjectToken: 'opaque',
    subjectTokenType: 'urn:ietf:params:oauth:token-type:access_token',
    agent: { id: 'agent-7' },
    resources: [],
    audiences: [],
  });
});

test('a full request is read, from a form and from pairs', () => {
  const pairs: [string, string][] = [
    ['grant_type', 'urn:ietf:params:oauth:grant-type:rta_token_exchange'],
    ['subject_token', 'a.b.c'],
    ['subject_token_type', 'urn:ietf:params:oauth:token-type:id_token'],
    ['requested_token_type', 'urn:ietf:params:oauth:token-type:rta_token'],
    ['agent', '{"id":"agent-7","model":"m"}'],
    ['scope', 'files.read files.* files.read'],
    [
      'authorization_details',
      '[{"type":"rta_action","actions":["files.read"]},{"type":"rta_action","actions":["*"],"locations":["/a/*"]}]',
    ],
    ['resource', 'https://files.example/api'],
    ['resource', 'urn:example:files'],
    ['audience', 'files'],
    ['client_id', 'ignored'],
  ];
  const expected = {
    grantType: 'urn:ietf:params:oauth:grant-type:rta_token_exchange',
    subjectToken: 'a.b.c',
    subjectTokenType: 'urn:ietf:params:oauth:token-type:id_token',
    agent: { id: 'agent-7', model: 'm' },
    scope: ['files.read', 'files.*'],
    authorizationDetails: [
      { type: 'rta_action', actions: ['files.read'] },
      { type: 'rta_action', actions: ['*'], locations: ['/a/*'] },
    ],
    resources: ['https://files.example/api', 'urn:example:files'],
    audiences: ['files'],
  };
  expect(parseExchangeRequest(pairs)).toEqual(expected);
  expect(parseExchangeRequest(new URLSearchParams(pairs))).toEqual(expected);
});

test.each(Object.keys(MINIMAL))('a request without %s is refused, and an empty one is none', (name) => {
  const missing = Object.entries(MINIMAL).filter(([each]) => each !== name);
  expect(code(missing)).toBe('RTA_IDP_PARAMETER');
  expect(codeWith({ [name]: '' })).toBe('RTA_IDP_PARAMETER');
});

test.each([
  ['grant_type', 'authorization_code', 'RTA_IDP_GRANT_TYPE'],
  ['grant_type', 'URN:ietf:params:oauth:grant-type:token-exchange', 'RTA_IDP_GRANT_TYPE'],
  ['subject_token_type', 'urn:ietf:params:oauth:token-type:refresh_token', 'RTA_IDP_TOKEN_TYPE'],
  ['subject_token_type', 'urn:ietf:params:oauth:token-type:saml2', 'RTA_IDP_TOKEN_TYPE'],
  ['requested_token_type', 'urn:ietf:params:oauth:token-type:access_token', 'RTA_IDP_PARAMETER'],
  ['actor_token', 'x', 'RTA_IDP_PARAMETER'],
  ['actor_token_type', 'x', 'RTA_IDP_PARAMETER'],
  ['agent', '{"id":"a","admin":"yes"}', 'RTA_IDP_AGENT'],
  ['scope', 'a  b', 'RTA_IDP_SCOPE'],
  ['scope', ' a', 'RTA_IDP_SCOPE'],
  ['scope', 'a\tb', 'RTA_IDP_SCOPE'],
  ['scope', 'a"b', 'RTA_IDP_SCOPE'],
  ['scope', 'a\\b', 'RTA_IDP_SCOPE'],
  ['scope', 'é', 'RTA_IDP_SCOPE'],
  ['scope', 'x'.repeat(257), 'RTA_IDP_SCOPE'],
  ['scope', Array.from({ length: 129 }, (_, i) => `s${i}`).join(' '), 'RTA_IDP_SCOPE'],
  ['resource', '/relative', 'RTA_IDP_TARGET'],
  ['resource', 'https://files.example/#part', 'RTA_IDP_TARGET'],
  ['resource', 'https://files.example/a b', 'RTA_IDP_TARGET'],
  ['resource', `https://files.example/${'x'.repeat(2_048)}`, 'RTA_IDP_TARGET'],
  ['audience', 'a\nb', 'RTA_IDP_TARGET'],
])('%s %j is refused', (name, value, expected) => {
  expect(codeWith({ [name]: value })).toBe(expected);
});

test.each([
  '{',
  '{}',
  '[]',
  'null',
  '[null]',
  '[{"type":"rta_action"}]',
  '[{"type":"rta_action","actions":[]}]',
  '[{"type":"rta_action","actions":"read"}]',
  '[{"type":"rta_action","actions":[7]}]',
  '[{"type":"rta_action","actions":["a\\nb"]}]',
  '[{"type":"rta_action","actions":["a"],"locations":[]}]',
  '[{"type":"rta_action","actions":["a"],"datatypes":["x"]}]',
  '[{"type":"rta_action","actions":["a"]},{"type":"payment","actions":["a"]}]',
  '[{"actions":["a"]}]',
  `[${Array.from({ length: 129 }, () => '{"type":"rta_action","actions":["a"]}').join(',')}]`,
  `[{"type":"rta_action","actions":["${'x'.repeat(513)}"]}]`,
  '['.repeat(20_000),
])('authorization details that cannot be honoured to the letter are refused', (text) => {
  expect(codeWith({ authorization_details: text })).toBe('RTA_IDP_AUTHORIZATION_DETAILS');
});

test('a parameter that stands twice is refused, known or not, empty or not', () => {
  for (const name of [...Object.keys(MINIMAL), 'scope', 'authorization_details', 'unheard_of']) {
    expect(code([...Object.entries(MINIMAL), [name, 'x'], [name, 'x']])).toBe('RTA_IDP_PARAMETER');
    expect(code([...Object.entries(MINIMAL), [name, ''], [name, 'x']])).toBe('RTA_IDP_PARAMETER');
  }
});

test('more than 64 parameters, 65 536 characters or 16 targets are refused', () => {
  const many = Array.from({ length: 61 }, (_, i): [string, string] => [`p${i}`, 'x']);
  expect(code([...Object.entries(MINIMAL), ...many])).toBe('RTA_IDP_PARAMETER');
  expect(code([...Object.entries(MINIMAL), ...many.slice(1)])).toMatchObject({ subjectToken: 'opaque' });
  expect(codeWith({ pad: 'x'.repeat(65_536) })).toBe('RTA_IDP_PARAMETER');
  const targets = Array.from({ length: 17 }, (_, i): [string, string] => ['audience', `a${i}`]);
  expect(code([...Object.entries(MINIMAL), ...targets])).toBe('RTA_IDP_TARGET');
});

function* endless(): Generator<[string, string]> {
  for (let i = 0; ; i++) yield [`p${i}`, 'x'];
}

test('an endless list of parameters is not read to its end', () => {
  expect(code(endless())).toBe('RTA_IDP_PARAMETER');
});

test('the details of an error hold no name that the stranger chose', () => {
  const name = 'secret-in-a-name';
  let details: unknown;
  try {
    parseExchangeRequest([
      [name, 'x'],
      [name, 'y'],
    ]);
  } catch (error) {
    details = isRtaError(error) ? error.details : error;
  }
  expect(details).toEqual({ parameter: 'unknown', reason: 'repeated' });
});

const anyName = fc.oneof(
  fc.constantFrom(...Object.keys(MINIMAL), 'scope', 'resource', '__proto__'),
  fc.string(),
);

propertyTest.prop([fc.array(fc.tuple(anyName, fc.string()))])(
  'parameters of random values are refused with a code',
  (pairs) => {
    expect(code(pairs)).toMatch(/^RTA_IDP_/);
  },
);
