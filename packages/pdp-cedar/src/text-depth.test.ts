import { describe, expect, test } from 'vitest';
import { depthOf } from './text-depth.ts';

describe('the depth of a text', () => {
  test.each([
    ['a', 0, 0],
    ['(a)', 1, 1],
    ['((a), {b: [c]})', 3, 3],
    ['a && b && c', 0, 2],
    ['a || b && c || d && e', 0, 3],
    ['a == 1 || b == 2 || c == 3', 0, 3],
    ['a.b == 1 && c.d.e == 2', 0, 4],
    ['a.b.c', 0, 2],
    ['a["b"]["c"]', 1, 3],
    ['a.f(b + c).g(d)', 1, 6],
    ['[a + b, c + d + e, f]', 1, 3],
    ['a + (b + (c + d))', 2, 5],
    ['(a) && (b) && (c || d)', 1, 4],
    ['if a then b else c', 0, 3],
    ['permit(a) when {b} unless {c}', 1, 4],
    ['!!a', 0, 2],
    ['[U::"a", U::"b", U::"c"]', 1, 1],
    ['a == "((((" // ((((', 0, 1],
    ['((((', 4, 0],
    ['))))', 0, 0],
  ])('of %s is %i brackets and %i in all', (text, nesting, expression) => {
    expect(depthOf(text)).toEqual({ nesting, expression });
  });

  test('counts angle brackets in a schema', () => {
    expect(depthOf('a: Set<Set<Long>>', '()[]{}<>').nesting).toBe(2);
  });
});
