import { COLLECTION_NAMES, type CollectionName, STORE_LIMITS, storeError } from '@rta/store';

/** Version of all that is said in this file; a store with another one is not opened. */
export const SCHEMA_VERSION = '1';

/** The databases in the file, by name. Keys and values are text, so that LMDB's own tools can show them. */
export const DATABASE_NAMES = ['schema', ...COLLECTION_NAMES, 'single-use', 'audit', 'expiry'] as const;

/** One of {@link DATABASE_NAMES}. */
export type DatabaseName = (typeof DATABASE_NAMES)[number];

/** A database of which the entries can expire. */
export type ExpiringName = CollectionName | 'single-use';

/** One entry as it shall be; undefined deletes. */
export interface Write {
  readonly database: DatabaseName;
  readonly key: string;
  readonly value: string | undefined;
}

/** Where `schema` keeps the version. */
export const VERSION_KEY = 'version';

/** Where `schema` keeps the sequence number of the newest audit row. */
export const AUDIT_LAST_KEY = 'audit-last';

/** What a key of the port is in LMDB, which knows no empty keys. */
export function keyOf(key: string): string {
  return `:${key}`;
}

/** Whether anything can be under a key; UTF-8 would take half a surrogate pair for another character. */
export function canBeKey(key: string): boolean {
  return key.length <= STORE_LIMITS.keyCharacters && !/\p{Surrogate}/u.test(key);
}

/** The key of the port; the reverse of {@link keyOf}. */
export function portKeyOf(key: string): string {
  return key.slice(1);
}

/** A whole number as text that sorts as numbers do. */
export function sortable(number: number): string {
  return Math.min(Math.max(Math.ceil(number), 0), Number.MAX_SAFE_INTEGER)
    .toString()
    .padStart(16, '0');
}

/** A value with its expiry: the time, or `-`, a space, the text. */
export function encodeExpiring(text: string, expiresAtMs: number | undefined): string {
  return `${expiresAtMs ?? '-'} ${text}`;
}

/** The reverse of {@link encodeExpiring}. @throws RtaError `RTA_STORE_MALFORMED` */
export function decodeExpiring(value: string): {
  readonly text: string;
  readonly expiresAtMs: number | undefined;
} {
  const end = value.indexOf(' ');
  const time = value.slice(0, end);
  const expiresAtMs = time === '-' ? undefined : Number(time);
  if (end < 1 || (expiresAtMs !== undefined && !Number.isFinite(expiresAtMs))) {
    throw storeError('RTA_STORE_MALFORMED');
  }
  return { text: value.slice(end + 1), expiresAtMs };
}

/** An entry that expires, as `expiry` knows it. */
export interface Expiring {
  readonly database: ExpiringName;
  /** As in LMDB. */
  readonly key: string;
}

/** The row of `expiry` for an entry: it sorts by the time at which it expires. */
function expiryKeyOf({ database, key }: Expiring, expiresAtMs: number): string {
  return `${sortable(expiresAtMs)}${database}${key}`;
}

/** The reverse of {@link expiryKeyOf}. @throws RtaError `RTA_STORE_MALFORMED` */
export function decodeExpiryKey(row: string): Expiring {
  const colon = row.indexOf(':');
  const name = row.slice(16, colon);
  const database = [...COLLECTION_NAMES, 'single-use' as const].find((known) => known === name);
  if (database === undefined) throw storeError('RTA_STORE_MALFORMED');
  return { database, key: row.slice(colon) };
}

/** The writes that keep `expiry` in step with an entry that is about to change. */
export function expiryWrites(
  entry: Expiring,
  before: number | undefined,
  after: number | undefined,
): Write[] {
  const writes: Write[] = [];
  if (before !== undefined) {
    writes.push({ database: 'expiry', key: expiryKeyOf(entry, before), value: undefined });
  }
  if (after !== undefined) writes.push({ database: 'expiry', key: expiryKeyOf(entry, after), value: '+' });
  return writes;
}
