import type { JsonObject } from '@rta/core';
import { expect, test } from 'vitest';
import { scimActive } from './scim-active.ts';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';

test.each<[string, JsonObject, boolean | undefined]>([
  ['a resource that is not', { active: false }, false],
  ['a resource that is', { active: true }, true],
  ['a resource that does not say', { userName: 'jane' }, undefined],
  ['a text', { active: 'False' }, false],
  ['a name in other letters', { Active: false }, false],
  ['what is no truth', { active: 0 }, undefined],
  ['an operation', { Operations: [{ op: 'replace', path: 'active', value: false }] }, false],
  [
    'an operation by the full path',
    { Operations: [{ op: 'Replace', path: `${USER}:active`, value: 'False' }] },
    false,
  ],
  ['an operation without a path', { Operations: [{ op: 'add', value: { active: true } }] }, true],
  [
    'an operation on something else',
    { Operations: [{ op: 'replace', path: 'title', value: false }] },
    undefined,
  ],
  [
    'the last of several operations',
    {
      Operations: [
        { op: 'replace', path: 'active', value: false },
        { op: 'replace', path: 'active', value: true },
        { op: 'remove', path: 'title' },
      ],
    },
    true,
  ],
  ['operations that are none', { Operations: [null, 7, 'active', []], active: false }, undefined],
])('%s', (_case, data, active) => {
  expect(scimActive(data)).toBe(active);
});
