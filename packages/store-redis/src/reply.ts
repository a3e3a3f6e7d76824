import { storeError } from '@rta/store';

/** @throws RtaError `RTA_STORE_MALFORMED` where a reply is no list. */
export function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw storeError('RTA_STORE_MALFORMED');
  return reply;
}

/** @throws RtaError `RTA_STORE_MALFORMED` where a reply is no text. */
export function textOf(reply: unknown): string {
  if (typeof reply !== 'string') throw storeError('RTA_STORE_MALFORMED');
  return reply;
}

/** @throws RtaError `RTA_STORE_MALFORMED` where a reply is no number. */
export function numberOf(reply: unknown): number {
  const value = typeof reply === 'string' && reply !== '' ? Number(reply) : reply;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw storeError('RTA_STORE_MALFORMED');
  return value;
}
