// Fills the store in a folder until the disk takes no more, makes room, and says what came of it.
import { openLmdbStore } from '../src/index.ts';

const [folder = ''] = process.argv.slice(2);
const store = await openLmdbStore({ path: folder });
const record = { text: 'x'.repeat(100_000) };
let count = 0;
let code: unknown;
while (code === undefined) {
  try {
    await store.sessions.put(`k-${count}`, record);
    count += 1;
  } catch (error) {
    code = (error as { code?: unknown }).code;
  }
}
const isKept = async (key: string): Promise<boolean> =>
  (await store.sessions.get(key))?.['text'] === record.text;
const all = await Promise.all(Array.from({ length: count }, (_, index) => isKept(`k-${index}`)));
const kept = all.every((there) => there) && !(await isKept(`k-${count}`));
for (let index = 0; index < 4; index++) await store.sessions.delete(`k-${index}`);
await store.sessions.put('again', record);
process.stdout.write(JSON.stringify({ code, kept, again: await isKept('again') }));
await store.close();
