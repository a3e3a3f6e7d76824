import { describe, expect, it } from 'vitest';
import type { Check, CheckResult } from './check.ts';
import { runChecks } from './run-checks.ts';
import { treeOf } from './tree.ts';

function checkOf(name: string, result: Partial<CheckResult>): Check {
  return { name, run: () => Promise.resolve({ problems: [], seen: '2 things', ...result }) };
}

async function run(checks: readonly Check[], files: Readonly<Record<string, string>>, write = false) {
  const lines: string[] = [];
  const written: string[][] = [];
  const count = await runChecks(
    checks,
    { tree: treeOf(files), load: () => Promise.resolve({}) },
    {
      print: (line) => lines.push(line),
      ...(write ? { write: (path: string, text: string) => written.push([path, text]) } : {}),
    },
  );
  return { count, lines, written };
}

describe('a run', () => {
  it('goes on after a check that found something, and counts all problems', async () => {
    const problem = { file: 'a.ts', line: 3, message: 'is wrong' };
    const { count, lines } = await run([checkOf('one', { problems: [problem] }), checkOf('two', {})], {});

    expect(count).toBe(1);
    expect(lines).toEqual([
      'one          1 wrong (2 things)',
      '  a.ts:3 is wrong',
      'two          ok (2 things)',
    ]);
  });

  it.each([
    ['is missing', {}, 'docs/a.md:1'],
    ['differs', { 'docs/a.md': 'a\nc\n' }, 'docs/a.md:2'],
    ['is longer', { 'docs/a.md': 'a\nb\n\n' }, 'docs/a.md:3'],
  ])('refuses a document that %s', async (_name, files, place) => {
    const { count, lines } = await run(
      [checkOf('doc', { document: { path: 'docs/a.md', text: 'a\nb\n' } })],
      files,
    );

    expect(count).toBe(1);
    expect(lines[1]).toBe(`  ${place} is not what the code says: run \`npx pnpm@12 docs\``);
  });

  it('writes a document that differs, when asked to, and no other', async () => {
    const checks = [
      checkOf('old', { document: { path: 'docs/a.md', text: 'new\n' } }),
      checkOf('same', { document: { path: 'docs/b.md', text: 'same\n' } }),
    ];
    const { count, lines, written } = await run(
      checks,
      { 'docs/a.md': 'old\n', 'docs/b.md': 'same\n' },
      true,
    );

    expect(count).toBe(0);
    expect(written).toEqual([['docs/a.md', 'new\n']]);
    expect(lines).toEqual(['old          ok (2 things), wrote docs/a.md', 'same         ok (2 things)']);
  });
});
