// Opens the store in a folder, says so, and holds it until it is killed.
import { openLmdbStore } from '../src/index.ts';

const [folder = ''] = process.argv.slice(2);
const store = await openLmdbStore({ path: folder });
await store.sessions.put('held', { by: 'another process' });
process.stdout.write('open\n');
process.stdin.resume();
setInterval(() => undefined, 60_000);
