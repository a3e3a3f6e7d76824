import canonicalize from 'canonicalize';
import { utf8 } from './bytes.ts';
import { coreError } from './core-errors.ts';

/** Any value of I-JSON (RFC 7493). */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** An object of I-JSON; a member that is `undefined` is absent. */
export interface JsonObject {
  readonly [member: string]: JsonValue | undefined;
}

/**
 * The canonical JSON text of a value: equal values have equal bytes, so that a hash of it commits to the value.
 *
 * @returns UTF-8 bytes.
 * @throws RtaError `RTA_CORE_NOT_CANONICAL` for NaN, infinities, lone surrogates, cycles and non-JSON values.
 * @see RFC 8785
 */
export function canonicalJson(value: JsonValue): Uint8Array {
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw coreError('RTA_CORE_NOT_CANONICAL', undefined, { cause });
  }
  if (text === undefined) throw coreError('RTA_CORE_NOT_CANONICAL');
  return utf8(text);
}
