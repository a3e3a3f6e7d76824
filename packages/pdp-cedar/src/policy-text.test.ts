import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { cutPolicies } from './policy-text.ts';

const cut = (file: string): readonly string[] => cutPolicies(file).policies.map(({ text }) => text);

describe('a file of policies is cut', () => {
  test('at its semicolons', () => {
    expect(cutPolicies('permit(a);\nforbid(b); ')).toEqual({
      policies: [
        { text: 'permit(a);', start: 0 },
        { text: '\nforbid(b);', start: 10 },
      ],
      rest: { text: ' ', start: 21 },
    });
  });

  test('not at semicolons in texts', () => {
    expect(cut('@id("a;b") permit(a == U::"c\\";\\\\"); x;')).toEqual([
      '@id("a;b") permit(a == U::"c\\";\\\\");',
      ' x;',
    ]);
  });

  test('not at semicolons in comments, which end with the line', () => {
    expect(cut('// a;b\nx; // c;d\ry;')).toEqual(['// a;b\nx;', ' // c;d\ry;']);
  });

  test('a slash, or a quote in a comment, begins nothing', () => {
    expect(cut('a / b; // "\nc;')).toEqual(['a / b;', ' // "\nc;']);
  });

  test('a text without an end takes the rest of the file with it', () => {
    expect(cutPolicies('a; b == "c; d;')).toEqual({
      policies: [{ text: 'a;', start: 0 }],
      rest: { text: ' b == "c; d;', start: 2 },
    });
  });

  property.prop([fc.string({ unit: fc.constantFrom('a', ';', '"', '\\', '/', '\n', ' ', 'é', '😀') })])(
    'without losing a character',
    (file) => {
      const { policies, rest } = cutPolicies(file);
      expect([...policies, rest].map(({ text }) => text).join('')).toBe(file);
      for (const { text, start } of [...policies, rest]) {
        expect(file.slice(start, start + text.length)).toBe(text);
      }
    },
  );
});
