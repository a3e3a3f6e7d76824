import type { JsonObject, JsonValue } from '@rta/core';

const ACTIVE = /^(urn:ietf:params:scim:schemas:core:2\.0:User:)?active$/i;

/**
 * Whether a resource is active by what was written to it: by itself, or by the last operation of a patch on `active`.
 *
 * @returns undefined where it does not say.
 * @see RFC 7643 §4.1.1, RFC 7644 §3.5.2
 */
export function scimActive(data: JsonObject): boolean | undefined {
  const { Operations: operations } = data;
  if (!Array.isArray(operations)) return activeIn(data);
  let active: boolean | undefined;
  for (const operation of operations) {
    if (!isObject(operation)) continue;
    const { path, value } = operation;
    const said =
      typeof path === 'string' ? (ACTIVE.test(path) ? truthOf(value) : undefined) : activeIn(value);
    active = said ?? active;
  }
  return active;
}

function activeIn(value: JsonValue | undefined): boolean | undefined {
  if (!isObject(value)) return undefined;
  const [, active] = Object.entries(value).find(([name]) => ACTIVE.test(name)) ?? [];
  return truthOf(active);
}

/** A boolean; some write it as a text. */
function truthOf(value: JsonValue | undefined): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.toLowerCase() : undefined;
  return text === 'true' || (text === 'false' ? false : undefined);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
