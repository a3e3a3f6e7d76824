import type { JsonObject } from '@rta/core';
import { decodeRecord, type EncodedRecord, storeError } from '@rta/store';

/** A record as a field of a hash: `<expiry>|<JSON>`, the expiry in UNIX milliseconds or empty. */
export function encodeField({ text, expiresAtMs }: EncodedRecord): string {
  return `${expiresAtMs ?? ''}|${text}`;
}

/**
 * Reads what {@link encodeField} made.
 *
 * @returns undefined where it has expired.
 * @throws RtaError `RTA_STORE_MALFORMED`
 */
export function decodeField(field: string, nowMs: number): JsonObject | undefined {
  const bar = field.indexOf('|');
  const expiry = field.slice(0, Math.max(bar, 0));
  if (bar === -1 || Number.isNaN(Number(expiry))) throw storeError('RTA_STORE_MALFORMED');
  if (expiry !== '' && Number(expiry) < nowMs) return undefined;
  return decodeRecord(field.slice(bar + 1));
}
