import { isRtaError } from '@rta/core';
import { expect, test } from 'vitest';
import { parseAgentMetadata } from './agent-metadata.ts';

const agent = {
  id: 'agent-7',
  name: 'Réservations 🧳',
  type: 'co-pilot',
  version: '1.4.0',
  instance: 'pod-3',
  model: 'some-model-5',
  owner: 'travel@example.com',
  purpose: 'books travel for staff',
};

function code(json: unknown): unknown {
  try {
    return parseAgentMetadata(json);
  } catch (error) {
    return isRtaError(error) ? error.code : error;
  }
}

test('a description is read from its text and from its value', () => {
  expect(parseAgentMetadata(JSON.stringify(agent))).toEqual(agent);
  expect(parseAgentMetadata(agent)).toEqual(agent);
});

test('an id is all that is needed', () => {
  expect(parseAgentMetadata('{"id":"spiffe://example/agent#7"}')).toEqual({ id: 'spiffe://example/agent#7' });
});

test.each<[string, unknown]>([
  ['no id', { name: 'x' }],
  ['an empty id', { id: '' }],
  ['an id that is no text', { id: 7 }],
  ['an id with a space', { id: 'agent 7' }],
  ['an id that looks like another', { id: 'аgent-7' }],
  ['an id that is too long', { id: 'x'.repeat(257) }],
  ['a member that nobody knows', { id: 'a', role: 'admin' }],
  ['a line end', { id: 'a', name: 'a\nlevel=info' }],
  ['a control character', { id: 'a', name: 'a\u001B[31m' }],
  ['a C1 control character', { id: 'a', name: 'a\u0085b' }],
  ['a line separator', { id: 'a', owner: 'a\u2028b' }],
  ['a change of direction', { id: 'a', name: 'safe\u202Eexe' }],
  ['half a character', { id: 'a', name: 'a\uD800' }],
  ['an empty member', { id: 'a', name: '' }],
  ['null', { id: 'a', name: null }],
  ['a nested value', { id: 'a', owner: { sub: 'x' } }],
  ['a long name', { id: 'a', name: 'x'.repeat(257) }],
  ['a long purpose', { id: 'a', purpose: 'x'.repeat(1_025) }],
])('a description with %s is refused, as value and as text', (_what, json) => {
  expect(code(json)).toBe('RTA_IDP_AGENT');
  expect(code(JSON.stringify(json))).toBe('RTA_IDP_AGENT');
});

test.each([
  '',
  '{',
  'null',
  '[]',
  '"agent"',
  '7',
  '[{"id":"a"}]',
  '{"id":"a","__proto__":{"role":"admin"}}',
  `{"id":"a"${' '.repeat(8_192)}}`,
])('%j is no description', (text) => {
  expect(code(text)).toBe('RTA_IDP_AGENT');
});

test('values that are no JSON are refused', () => {
  for (const value of [undefined, null, 7, [agent], new Map([['id', 'a']])]) {
    expect(code(value)).toBe('RTA_IDP_AGENT');
  }
});
