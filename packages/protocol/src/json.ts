import type { JsonObject } from '@rta/core';

/**
 * Whether a value is a map of JSON values. CBOR can hold byte strings, JSON cannot: policies must never meet one.
 * What else JSON cannot hold, `encodeCbor` and `decodeCbor` refuse.
 */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && isJson(value);
}

function isJson(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (value instanceof Uint8Array) return false;
  return (Array.isArray(value) ? value : Object.values(value)).every(isJson);
}
