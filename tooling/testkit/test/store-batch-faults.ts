import { type RecordWrite, type Store, storeError } from '@rta/store';
import { type Break, inShared, nextTurn, type StoreFault } from './store-fault.ts';

const inWrite =
  (write: (inner: Store, writes: readonly RecordWrite[]) => Promise<void>): Break =>
  (inner) => ({ write: (writes) => write(inner, writes) });

/** Writes a batch as so many batches of one. */
async function writeEach(inner: Store, writes: readonly RecordWrite[]): Promise<void> {
  for (const write of writes) await inner.write([write]);
}

/** Lets others read in between. */
async function writeSlowly(inner: Store, writes: readonly RecordWrite[]): Promise<void> {
  for (const write of writes) {
    await inner.write([write]);
    await nextTurn();
  }
}

/** Stores with broken batches, and the check that catches each. */
export const BATCH_FAULTS: readonly StoreFault[] = [
  [
    'does not delete in a batch',
    'a batch puts and deletes in all collections',
    inWrite((inner, writes) => inner.write(writes.filter(({ record }) => record !== undefined))),
  ],
  [
    'leaves a collection out of batches',
    'a batch puts and deletes in all collections',
    inWrite((inner, writes) => inner.write(writes.filter(({ collection }) => collection !== 'cursors'))),
  ],
  [
    'leaves the expiries out of a batch',
    'a batch sets expiries as put does',
    inWrite((inner, writes) =>
      inner.write(writes.map(({ collection, key, record }) => ({ collection, key, record }))),
    ),
  ],
  [
    'writes a batch from its end',
    'of two writes to one record in a batch the later one counts',
    inWrite((inner, writes) => inner.write(writes.toReversed())),
  ],
  ['applies half of a batch', 'a batch with one write that is refused writes nothing', inWrite(writeEach)],
  [
    'makes several of a batch that is too large',
    'a batch that is too large is refused whole, and the largest one is taken',
    inWrite(async (inner, writes) => {
      for (let start = 0; start < writes.length; start += 16)
        await inner.write(writes.slice(start, start + 16));
    }),
  ],
  [
    'writes of a batch what has room',
    'a batch that has no room is refused whole with RTA_STORE_FULL',
    inWrite(writeEach),
  ],
  ['shows half a batch', 'a batch is seen whole or not at all', inWrite(writeSlowly)],
  [
    'shows half a batch to others',
    'a batch is seen whole or not at all through another store',
    inShared((inner) => ({ write: (writes) => writeSlowly(inner, writes) })),
  ],
  [
    'looks at a batch too late',
    'what is done to a batch after it was given does not change the store',
    inWrite(async (inner, writes) => {
      await nextTurn();
      await inner.write(writes);
    }),
  ],
  [
    'cannot write an empty batch',
    'an empty batch changes nothing',
    inWrite(async (inner, writes) => {
      if (writes.length === 0) throw storeError('RTA_STORE_TOO_LARGE');
      await inner.write(writes);
    }),
  ],
];
