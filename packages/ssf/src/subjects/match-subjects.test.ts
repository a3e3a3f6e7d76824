import { describe, expect, test } from 'vitest';
import { matchesSubject } from './match-subjects.ts';
import { parseSubject } from './subject-identifier.ts';

const JANE = { format: 'iss_sub', iss: 'https://idp.example', sub: 'jane' } as const;
const JOE = { format: 'iss_sub', iss: 'https://idp.example', sub: 'joe' } as const;
const PHONE = { format: 'opaque', id: 'phone' } as const;
const TENANT = { format: 'opaque', id: 'tenant' } as const;

describe('an event about one subject is about another', () => {
  test.each([
    ['where both are the same', JANE, { sub: 'jane', iss: 'https://idp.example', format: 'iss_sub' }, true],
    ['not where they are others', JANE, JOE, false],
    ['not where one is complex', JANE, { format: 'complex', user: JANE }, false],
    [
      'where one of two complex ones says more',
      { format: 'complex', user: JANE },
      { format: 'complex', user: JANE, device: PHONE },
      true,
    ],
    [
      'not where a member is another',
      { format: 'complex', user: JANE, device: PHONE },
      { format: 'complex', user: JOE, device: PHONE },
      false,
    ],
    [
      'not where they have no member in common',
      { format: 'complex', user: JANE },
      { format: 'complex', tenant: TENANT },
      false,
    ],
    [
      'by members with names of their own as well',
      { format: 'complex', agent: PHONE },
      { format: 'complex', agent: PHONE, user: JANE },
      true,
    ],
  ])('%s', (_what, one, other, expected) => {
    expect(matchesSubject(parseSubject(one), parseSubject(other))).toBe(expected);
    expect(matchesSubject(parseSubject(other), parseSubject(one))).toBe(expected);
  });
});
