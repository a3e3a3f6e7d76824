import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type JsonValue } from './json.ts';

const textOf = (value: JsonValue): string => new TextDecoder().decode(canonicalJson(value));

describe('canonical JSON', () => {
  // RFC 8785 §3.2.2 and §3.2.3
  test('is what the RFC shows', () => {
    const value: JsonValue = {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(textOf(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('sorts members by UTF-16 code units, at every depth', () => {
    expect(textOf({ b: { '\ufb33': 1, '\ud83d\ude02': 2, é: 3 }, a: [{ y: 1, x: 2 }] })).toBe(
      '{"a":[{"x":2,"y":1}],"b":{"é":3,"😂":2,"\ufb33":1}}',
    );
  });

  test('leaves out members that are undefined', () => {
    expect(textOf({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  test.each([
    ['NaN', Number.NaN],
    ['an infinity', Number.POSITIVE_INFINITY],
    ['a lone surrogate', 'a\ud800'],
    ['a circle', circle as never],
    ['nothing', undefined as never],
    ['a big integer', { a: 1n } as never],
  ])('refuses %s', (_, value: JsonValue) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'RTA_CORE_NOT_CANONICAL' }));
  });

  property.prop([fc.jsonValue()])(
    'means the same as the value, and is the same for equal values',
    (value) => {
      const json = value as JsonValue;
      const text = textOf(json);
      expect(textOf(JSON.parse(text) as JsonValue)).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(json)));
    },
  );
});
