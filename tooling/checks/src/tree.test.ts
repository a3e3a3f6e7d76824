import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readTree } from './tree.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rta-tree-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function file(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

it('reads the working tree without what is installed or built', () => {
  file('b/src/index.ts', 'one');
  file('a.md', 'two');
  file('b/dist/index.js', 'built');
  file('b/node_modules/c/index.js', 'installed');
  file('.git/HEAD', 'ref');

  const tree = readTree(root);

  expect(tree.paths).toEqual(['a.md', 'b/src/index.ts']);
  expect(tree.read('b/src/index.ts')).toBe('one');
  expect(tree.read('b/dist/index.js')).toBeUndefined();
});
