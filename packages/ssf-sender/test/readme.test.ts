import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { taken } from './readme.fixture.ts';

const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8');

test('the example of the README is the one that is compiled', async () => {
  const [, block] = /```ts\n(.*?)```/s.exec(await read('../README.md')) ?? [];

  expect(block).toBe(await read('./readme.example.ts'));
});

test('the example of the README runs', async () => {
  await import('./readme.example.ts');
  expect(taken).toEqual(['event-1']);
});
