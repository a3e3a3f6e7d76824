import { describe, expect, it } from 'vitest';
import { intersectPatterns, matchesAny, overlap, patternsBeyond } from './pattern.ts';

// What texts are patterns, and what they match, is asserted with grants.

describe('intersectPatterns', () => {
  it.each([
    [['files.*'], ['files.read', 'mail.send'], ['files.read']],
    [['files.*', 'files.read'], ['*'], ['files.*']],
    [['b', 'a', 'b'], ['*'], ['a', 'b']],
    [['a*'], ['ab*', 'abc'], ['ab*']],
    [['a'], ['b'], []],
    [['*'], ['*'], ['*']],
    [[], ['*'], []],
    // A star that is no last character cannot be given: what is left is a name.
    [['a'], ['a*'], ['a']],
  ])('of %j and %j: %j', (a, b, expected) => {
    expect(intersectPatterns(a, b)).toEqual(expected);
    expect(intersectPatterns(b, a)).toEqual(expected);
  });
});

describe('patternsBeyond', () => {
  it.each([
    [['files.read'], ['files.*'], []],
    [['files.*'], ['files.read'], ['files.*']],
    [['files.*'], ['files.r*', 'files.w*'], ['files.*']],
    [['*'], ['*'], []],
    [['a', 'b'], [], ['a', 'b']],
  ])('%j beyond %j: %j', (inner, outer, expected) => {
    expect(patternsBeyond(inner, outer)).toEqual(expected);
  });
});

describe('overlap', () => {
  it.each([
    ['files.*', 'files.read', true],
    ['files.read', 'files.*', true],
    ['files.r*', 'files.*', true],
    ['files.r*', 'files.w*', false],
    ['a', 'a', true],
    ['a', 'ab', false],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
  });
});

it('matches no name by a pattern that is shorter than its own beginning', () => {
  expect(matchesAny(['files.*'], 'files')).toBe(false);
});
