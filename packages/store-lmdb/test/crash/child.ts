// Works on the store in a folder until it is killed, and says what was acknowledged as soon as it was:
//   node --conditions=rta-source child.ts FOLDER ROUND OPERATIONS
import { openLmdbStore } from '../../src/index.ts';
import { createOperations, OPERATION_KINDS } from './operations.ts';

const [folder = '', round = '', count = ''] = process.argv.slice(2);
const store = await openLmdbStore({ path: folder });
const operate = await createOperations(store);
let next = 0;

/** One operation after another; several of these work at once, so that commits hold what several asked for. */
async function work(): Promise<void> {
  while (next < Number(count)) {
    const index = next++;
    const kind = OPERATION_KINDS[index % OPERATION_KINDS.length] ?? 'put';
    const name = `${round}-${index}`;
    const result = await operate(kind, name);
    process.stdout.write(`${kind} ${name} ${result}\n`);
  }
}

await Promise.all(Array.from({ length: 32 }, work));
await store.close();
