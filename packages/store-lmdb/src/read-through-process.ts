// Reads all of a file once and ends with 0 where that could be done: `node read-through-process.js FILE MAP_BYTES`.
import { openEnvironment } from './environment.ts';

const [file = '', mapBytes] = process.argv.slice(2);
const { root, databases } = openEnvironment({ file, mapBytes: Number(mapBytes) });
for (const database of Object.values(databases)) {
  const { entryCount } = database.getStats() as { entryCount: number };
  let count = 0;
  for (const { value } of database.getRange({})) {
    // No value holds this character; a page that is not there holds nothing else.
    if (value.includes('\0')) throw new Error('a value is not there');
    count += 1;
  }
  if (count !== entryCount) throw new Error('entries are not there');
}
await root.close();
