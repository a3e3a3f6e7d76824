import { open } from 'node:fs/promises';
import { storeError } from '@rta/store';
import { translated } from './errors.ts';

// A file begins with two pages that take turns in saying which state counts (LMDB, `MDB_meta`). After a page header of
// 24 bytes: magic and format (4 each), two addresses (8 each), two tables of 48, of which the first begins with the
// size of a page; the number of the last page (8), the number of the transaction (8). In the order of the machine.
const META = 24;
const MAGIC = 0xbeefc0de;
const FORMAT = 2;
const PAGE_SIZE_AT = META + 24;
const LAST_PAGE_AT = META + 120;
const TRANSACTION_AT = META + 128;
const META_BYTES = TRANSACTION_AT + 8;

/**
 * Looks at the beginning of a file, as far as LMDB itself believes it unseen, and makes the file as long as it says: LMDB
 * would end the process where a page is not there. A file that is empty is a new one.
 *
 * @returns whether it was shorter. That can be, where the last pages were given up in the commit that took them; or the
 *   file was cut, and the pages in the hole were in use.
 * @throws RtaError `RTA_STORE_MALFORMED` where this is no store, or not all of one.
 */
export async function checkHeader(file: string): Promise<boolean> {
  try {
    await using handle = await open(file, 'r+');
    const { size } = await handle.stat();
    if (size === 0) return false;
    const read = async (position: number): Promise<DataView> => {
      const bytes = new Uint8Array(META_BYTES);
      const { bytesRead } = await handle.read(bytes, 0, META_BYTES, position);
      const view = new DataView(bytes.buffer);
      const isMeta =
        bytesRead === META_BYTES &&
        view.getUint32(META, true) === MAGIC &&
        (view.getUint32(META + 4, true) & 0xffff) === FORMAT;
      if (!isMeta) throw storeError('RTA_STORE_MALFORMED');
      return view;
    };
    const first = await read(0);
    const pageBytes = first.getUint32(PAGE_SIZE_AT, true);
    const isPageSize = pageBytes >= 512 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0;
    if (!isPageSize) throw storeError('RTA_STORE_MALFORMED');
    const second = await read(pageBytes);
    if (second.getUint32(PAGE_SIZE_AT, true) !== pageBytes) throw storeError('RTA_STORE_MALFORMED');
    const transactionOf = (meta: DataView): bigint => meta.getBigUint64(TRANSACTION_AT, true);
    const newest = transactionOf(first) > transactionOf(second) ? first : second;
    const bytes = (Number(newest.getBigUint64(LAST_PAGE_AT, true)) + 1) * pageBytes;
    if (size >= bytes) return false;
    if (!Number.isSafeInteger(bytes)) throw storeError('RTA_STORE_MALFORMED');
    await handle.truncate(bytes);
    return true;
  } catch (error) {
    throw translated(error);
  }
}
