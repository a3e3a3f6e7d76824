import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8');

test('the example of the README is the one that is compiled', async () => {
  const [, block] = /```ts\n(.*?)```/s.exec(await read('../README.md')) ?? [];

  expect(block).toBe(await read('./readme.example.ts'));
});

test('the example of the README runs', async () => {
  await expect(import('./readme.example.ts')).resolves.toBeDefined();
});
