import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFileTicketStore } from './file-ticket-store.ts';

const GUIDE = new URL('../../../docs/guides/resume-sessions.md', import.meta.url);

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rta-tickets-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('the ticket store of the guide is the one that is tested here', async () => {
  const guide = await readFile(GUIDE, 'utf8');

  expect(guide).toContain(await readFile(new URL('./file-ticket-store.ts', import.meta.url), 'utf8'));
});

test('a ticket that was put in is taken out once', async () => {
  const folder = await newFolder();
  await createFileTicketStore(folder).put('key', Uint8Array.of(1));
  await createFileTicketStore(folder).put('key', Uint8Array.of(2));
  const store = createFileTicketStore(folder);

  expect(await store.take('other')).toBeUndefined();
  expect(await store.take('key')).toEqual(Uint8Array.of(2));
  expect(await store.take('key')).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});

test('of many who take at once, one gets the ticket', async () => {
  const store = createFileTicketStore(await newFolder());
  await store.put('key', Uint8Array.of(1));

  const taken = await Promise.all(Array.from({ length: 8 }, async () => store.take('key')));

  expect(taken.filter((ticket) => ticket !== undefined)).toEqual([Uint8Array.of(1)]);
});

test('a ticket can be read by its owner only', async () => {
  const folder = await newFolder();
  await createFileTicketStore(folder).put('key', Uint8Array.of(1));

  const { mode } = await stat(join(folder, 'key.ticket'));
  expect((mode & 0o777).toString(8)).toBe('600');
});
