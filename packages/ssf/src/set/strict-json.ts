import type { JsonObject } from '@rta/core';
import { ssfError } from '../errors.ts';
import { SSF_LIMITS } from '../limits.ts';

// In a text that JSON.parse has read, a string before a colon is a member name; brackets outside strings nest.
const TOKEN = /"([^"\\]*(?:\\.[^"\\]*)*)"(\s*:)?|[{}[\]]/g;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Reads a JSON object that means the same to everybody: a reader that takes the first of two equal names and one
 * that takes the last would otherwise see two different events under one signature.
 *
 * @throws RtaError `RTA_SSF_MALFORMED` for invalid UTF-8 or JSON, what is not an object, member names that occur
 *   twice, lone surrogates, and nesting beyond `jsonDepth`.
 * @see RFC 7493 §2 (I-JSON), RFC 8725 §2.4
 */
export function parseStrictObject(bytes: Uint8Array, what: string): JsonObject {
  let text: string;
  let value: unknown;
  try {
    // A byte order mark is not JSON (RFC 8259 §8.1), so it is kept for the parser to refuse.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw ssfError('RTA_SSF_MALFORMED', `the ${what} is not JSON in UTF-8`);
  }
  if (!isObject(value)) throw ssfError('RTA_SSF_MALFORMED', `the ${what} is not a JSON object`);
  checkStructure(text, what);
  return value;
}

function checkStructure(text: string, what: string): void {
  // Names of each object that is open; undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  for (const [token, inside, colon] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined);
      if (open.length > SSF_LIMITS.jsonDepth) {
        throw ssfError('RTA_SSF_MALFORMED', `the ${what} nests deeper than ${SSF_LIMITS.jsonDepth}`);
      }
    } else if (inside === undefined) {
      open.pop();
    } else {
      const string = inside.includes('\\') ? String(JSON.parse(`"${inside}"`)) : inside;
      if (LONE_SURROGATE.test(string))
        throw ssfError('RTA_SSF_MALFORMED', `the ${what} holds half a character`);
      const names = open.at(-1);
      if (colon === undefined || names === undefined) continue;
      if (names.has(string)) throw ssfError('RTA_SSF_MALFORMED', `the ${what} names a member twice`);
      names.add(string);
    }
  }
}

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
