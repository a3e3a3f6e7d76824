import { fc, test as propertyTest } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/code-of.ts';
import {
  type ActionGrant,
  assertGrant,
  covers,
  type Grant,
  intersectGrants,
  isEmptyGrant,
  normalizeGrant,
} from './grant.ts';

const names = (letter: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${letter}${i}`);
const emptyDetails = (count: number): ActionGrant[] => Array.from({ length: count }, () => ({ actions: [] }));

describe('assertGrant', () => {
  it.each([['files.read'], ['files.*'], ['*'], ['https://api.example/a?b=c#d'], ['~'], ['!']])(
    'takes %j as a name or pattern',
    (pattern) => {
      expect(codeOf(() => assertGrant({ scope: [pattern] }))).toBe('none');
    },
  );

  it.each([
    ['nothing', ''],
    ['a space', 'files read'],
    ['a star inside', 'files.*.read'],
    ['two stars', 'files.**'],
    ['a line break at the end', 'files.read\n'],
    ['a control character', 'files\u0000'],
    ['a letter beyond ASCII', 'fil\u00e9s'],
    ['a lone surrogate', '\ud800'],
    ['513 characters', 'x'.repeat(513)],
  ])('refuses %s, wherever it stands', (_, pattern) => {
    const grants: Grant[] = [
      { scope: ['ok', pattern] },
      { scope: ['ok'], details: [{ actions: [pattern] }] },
      { scope: ['ok'], details: [{ actions: ['ok'], locations: [pattern] }] },
    ];
    for (const grant of grants) expect(codeOf(() => assertGrant(grant))).toBe('RTA_AUTHORITY_PATTERN');
  });

  it('takes 128 parts and refuses 129, wherever they stand', () => {
    const both: ((count: number) => Grant)[] = [
      (count) => ({ scope: names('n', count) }),
      (count) => ({ scope: [], details: emptyDetails(count) }),
      (count) => ({ scope: ['a'], details: [{ actions: names('n', count - 2) }] }),
      (count) => ({ scope: ['a'], details: [{ actions: ['a'], locations: names('n', count - 3) }] }),
    ];
    for (const grantOf of both) {
      expect(codeOf(() => assertGrant(grantOf(128)))).toBe('none');
      expect(codeOf(() => assertGrant(grantOf(129)))).toBe('RTA_AUTHORITY_GRANT_TOO_LARGE');
    }
  });

  it('refuses 200,000 details before it makes anything of them', () => {
    const details = Array.from({ length: 200_000 }, () => ({ actions: ['a'] }));
    expect(codeOf(() => assertGrant({ scope: ['a'], details }))).toBe('RTA_AUTHORITY_GRANT_TOO_LARGE');
  });
});

describe('covers', () => {
  it.each([
    [['files.read'], 'files.read', true],
    [['files.read'], 'files.reader', false],
    [['files.read'], 'files.rea', false],
    [['files.read'], 'FILES.READ', false],
    [['files.*'], 'files.read', true],
    [['files.*'], 'files.', true],
    [['files.*'], 'files', false],
    [['files.*'], 'files.*', true],
    [['mail.*', 'files.read'], 'files.read', true],
    [['*'], '', true],
    [[], 'files.read', false],
    // A resource or action that is called like a pattern is still only a name.
    [['files.read'], 'files.*', false],
    [['files.read'], '*', false],
    [['constructor'], '__proto__', false],
  ])('scope %j and action %j: %s', (scope, action, expected) => {
    expect(covers({ scope }, { action, resourceId: 'any' })).toBe(expected);
  });

  it.each([
    [[{ actions: ['files.read'], locations: ['/home/*'] }], '/home/a', true],
    [[{ actions: ['files.read'], locations: ['/home/*'] }], '/etc/passwd', false],
    [[{ actions: ['files.read'], locations: ['/home/a'] }], '/home/a/b', false],
    [[{ actions: ['files.read'] }], '/etc/passwd', true],
    [[{ actions: ['files.write'] }], '/home/a', false],
    [[{ actions: ['files.read'], locations: [] }], '/home/a', false],
    [[{ actions: [] }], '/home/a', false],
    [[], '/home/a', false],
    // Action and location must stand in one detail.
    [
      [
        { actions: ['files.read'], locations: ['/home/*'] },
        { actions: ['files.write'], locations: ['/tmp/*'] },
      ],
      '/tmp/a',
      false,
    ],
  ])('details %j and resource %j: %s', (details, resource, expected) => {
    expect(covers({ scope: ['*'], details }, { action: 'files.read', resourceId: resource })).toBe(expected);
  });

  it('needs the scope as well as a detail', () => {
    expect(
      covers(
        { scope: ['mail.*'], details: [{ actions: ['files.read'] }] },
        { action: 'files.read', resourceId: '/a' },
      ),
    ).toBe(false);
  });
});

describe('isEmptyGrant', () => {
  it.each<[Grant, boolean]>([
    [{ scope: [] }, true],
    [{ scope: ['a'] }, false],
    [{ scope: ['a'], details: [] }, true],
    [{ scope: ['a'], details: [{ actions: [] }] }, true],
    [{ scope: ['a'], details: [{ actions: ['a'], locations: [] }] }, true],
    [{ scope: ['mail.*'], details: [{ actions: ['files.*'] }] }, true],
    [{ scope: ['files.read'], details: [{ actions: ['files.*'] }] }, false],
    [{ scope: ['*'], details: [{ actions: ['files.*'], locations: ['/a'] }] }, false],
  ])('%j: %s', (grant, expected) => {
    expect(isEmptyGrant(grant)).toBe(expected);
  });
});

describe('intersectGrants', () => {
  it.each<[string, Grant, Grant, Grant]>([
    ['the narrower pattern', { scope: ['files.*'] }, { scope: ['files.read'] }, { scope: ['files.read'] }],
    ['nothing of what is apart', { scope: ['files.*'] }, { scope: ['mail.*'] }, { scope: [] }],
    ['each name once, in order', { scope: ['b', 'a', 'b'] }, { scope: ['*'] }, { scope: ['a', 'b'] }],
    [
      'the details of the side that has some',
      { scope: ['*'] },
      { scope: ['*'], details: [{ actions: ['b', 'a'], locations: ['/x'] }] },
      { scope: ['*'], details: [{ actions: ['a', 'b'], locations: ['/x'] }] },
    ],
    [
      'action and location cut together',
      { scope: ['*'], details: [{ actions: ['files.*'], locations: ['/home/*'] }] },
      { scope: ['*'], details: [{ actions: ['files.read'] }, { actions: ['*'], locations: ['/etc/*'] }] },
      { scope: ['*'], details: [{ actions: ['files.read'], locations: ['/home/*'] }] },
    ],
    [
      'details that share nothing as no details, which is nothing',
      { scope: ['*'], details: [{ actions: ['a'] }] },
      { scope: ['*'], details: [{ actions: ['b'] }] },
      { scope: ['*'], details: [] },
    ],
    [
      'one spelling of anywhere',
      { scope: ['*'], details: [{ actions: ['a'], locations: ['*', '/x'] }] },
      { scope: ['*'] },
      { scope: ['*'], details: [{ actions: ['a'] }] },
    ],
  ])('gives %s', (_, a, b, expected) => {
    expect(intersectGrants(a, b)).toEqual(expected);
    expect(intersectGrants(b, a)).toEqual(expected);
  });

  it('keeps no member of a detail that it does not know', () => {
    const detail = { type: 'rta_action', actions: ['a'] };
    expect(intersectGrants({ scope: ['*'], details: [detail] }, { scope: ['*'] })).toEqual({
      scope: ['*'],
      details: [{ actions: ['a'] }],
    });
  });

  it('comes out empty where exactness would take more than 128 parts', () => {
    const a = { scope: ['a*', ...names('b', 100)] };
    const b = { scope: ['b*', ...names('a', 100)] };
    expect(intersectGrants(a, b)).toEqual({ scope: [] });

    // Every pair of these is another detail, and none covers another.
    const byAction = { scope: ['*'], details: names('a', 12).map((name) => ({ actions: [`${name}.*`] })) };
    const byLocation = {
      scope: ['*'],
      details: names('l', 12).map((name) => ({ actions: ['*'], locations: [`${name}.*`] })),
    };
    expect(intersectGrants(byAction, byLocation)).toEqual({ scope: [] });
  });
});

// Few letters, so that patterns often lie within one another, and names often match.
const name = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 4 });
const pattern = fc.oneof(
  name,
  name.map((text) => `${text}*`),
  fc.constant('*'),
);
const patterns = fc.array(pattern, { maxLength: 4 });
const detail = fc.record(
  { actions: patterns, locations: patterns },
  { requiredKeys: ['actions'], noNullPrototype: true },
);
const grant: fc.Arbitrary<Grant> = fc.record(
  { scope: patterns, details: fc.array(detail, { maxLength: 4 }) },
  { requiredKeys: ['scope'], noNullPrototype: true },
);
const asked = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 5 });
const questions = fc.array(fc.tuple(asked, asked), { minLength: 5, maxLength: 20 });

propertyTest.prop([grant, grant, questions])(
  'an intersection covers exactly what both sides cover [I6]',
  (a, b, all) => {
    const both = intersectGrants(a, b);
    for (const [action, resource] of all) {
      expect(covers(both, { action, resourceId: resource })).toBe(
        covers(a, { action, resourceId: resource }) && covers(b, { action, resourceId: resource }),
      );
    }
  },
);

propertyTest.prop([grant, grant])('the order of the sides makes no difference', (a, b) => {
  expect(intersectGrants(a, b)).toEqual(intersectGrants(b, a));
});

propertyTest.prop([grant, grant])('intersecting again changes nothing', (a, b) => {
  const both = intersectGrants(a, b);
  expect(intersectGrants(both, both)).toEqual(both);
  expect(intersectGrants(both, a)).toEqual(both);
});

propertyTest.prop([grant, questions])('the normal form covers what the grant covers', (given, all) => {
  const normal = normalizeGrant(given);
  expect(normalizeGrant(normal)).toEqual(normal);
  for (const [action, resource] of all) {
    expect(covers(normal, { action, resourceId: resource })).toBe(
      covers(given, { action, resourceId: resource }),
    );
  }
});

propertyTest.prop([grant, questions])('an empty grant covers nothing', (given, all) => {
  if (!isEmptyGrant(given)) return;
  for (const [action, resource] of all) expect(covers(given, { action, resourceId: resource })).toBe(false);
});
