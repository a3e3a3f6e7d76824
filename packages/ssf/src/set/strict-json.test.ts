import { fc, test as propertyTest } from '@fast-check/vitest';
import { utf8 } from '@rta/core';
import { expect, test } from 'vitest';
import { parseStrictObject } from './strict-json.ts';

const parse = (text: string): unknown => parseStrictObject(utf8(text), 'text');

propertyTest.prop([fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 4 }))], {
  numRuns: 200,
})('what JSON.stringify has written is read as JSON.parse reads it', (value) => {
  const text = JSON.stringify(value);
  expect(parse(text)).toEqual(JSON.parse(text));
});

propertyTest.prop([fc.string({ unit: 'binary' }), fc.boolean()], { numRuns: 200 })(
  'a name that occurs twice is refused, however it is spelt',
  (name, escape) => {
    const spelt = JSON.stringify(name);
    const again = escape ? escaped(name) : spelt;
    expect(() => parse(`{${spelt}:1, "between":{${again}:0}, ${again} : 2}`)).toThrow();
    expect(parse(`{"outer":{${spelt}:1},"list":[{${again} : 2}]}`)).toEqual({
      outer: { [name]: 1 },
      list: [{ [name]: 2 }],
    });
  },
);

/** A JSON string in which every character is escaped. */
function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`;
}

test('the names `__proto__` and `constructor` are names like others', () => {
  expect(Object.keys(parse('{"__proto__":{"x":1},"constructor":2}') as object)).toEqual([
    '__proto__',
    'constructor',
  ]);
  expect(() => parse('{"__proto__":1,"__proto__":2}')).toThrow();
});

test('bytes that are not UTF-8 are refused', () => {
  // {"a":"<ff>"}
  const bytes = new Uint8Array([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]);
  expect(() => parseStrictObject(bytes, 'text')).toThrow(
    expect.objectContaining({ code: 'RTA_SSF_MALFORMED' }),
  );
});

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

test('objects may nest 32 deep and no deeper', () => {
  expect(parse(nested(32))).toEqual(JSON.parse(nested(32)));
  expect(() => parse(nested(33))).toThrow(expect.objectContaining({ code: 'RTA_SSF_MALFORMED' }));
});
