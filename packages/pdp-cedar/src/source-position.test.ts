import { describe, expect, test } from 'vitest';
import { formatPosition, positionIn } from './source-position.ts';

const whole = (text: string) => ({ text, start: 0 });

describe('a place in a file', () => {
  test.each([
    ['permit', 0, 1, 1],
    ['permit', 3, 1, 4],
    ['permit', 6, 1, 7],
    ['a\nb\ncd', 5, 3, 2],
    ['a\r\nb', 3, 2, 1],
    ['// é\nab', 7, 2, 2],
    ['é😀x', 6, 1, 3],
  ])('in %j at byte %i is line %i, column %i', (text, offsetBytes, line, column) => {
    expect(positionIn({ name: 'f', text }, whole(text), offsetBytes)).toEqual({ file: 'f', line, column });
  });

  test('counts from the beginning of the part that Cedar was given', () => {
    const text = '// é\npermit;\n// 😀\nforbid;';
    const part = { text: text.slice(12), start: 12 };
    expect(part.text).toBe('\n// 😀\nforbid;');
    expect(positionIn({ name: 'f', text }, part, 9)).toEqual({ file: 'f', line: 4, column: 1 });
  });

  test('is written as editors and compilers do', () => {
    expect(formatPosition({ file: 'files.cedar', line: 3, column: 14 })).toBe('files.cedar:3:14');
  });
});
