import { ascii, bytes, hex, join, LABEL, prefixOf, sha256, type TokenFields } from '../reference.ts';
import type { RefusedToken } from './format.ts';
import { type KeyName, keyIds, type Sign, signerOf, suiteOf } from './keys.ts';

const SESSION = bytes('000102030405060708090a0b0c0d0e0f');
const CONTEXT = sha256('{}');
const ISSUED_AT = 1_767_225_600_000n; // 2026-01-01T00:00:00Z

/** The fields of an ordinary token of this key. */
export const fieldsFor = (name: KeyName, changes: Partial<TokenFields> = {}): TokenFields => ({
  suite: suiteOf(name),
  keyId: keyIds[name],
  sessionId: SESSION,
  contextHash: CONTEXT,
  issuedAt: ISSUED_AT,
  ...changes,
});
const messageOf = (prefix: Uint8Array): Uint8Array => join(ascii(LABEL), prefix);
/** A token of these fields with any signature. */
export const make = (fields: TokenFields, sign: Sign): Uint8Array => {
  const prefix = prefixOf(fields);
  return join(prefix, sign(messageOf(prefix)));
};
/** A token that is right but for `changes`, which are signed. */
export const signed = (name: KeyName, changes: Partial<TokenFields> = {}): Uint8Array =>
  make(fieldsFor(name, changes), signerOf(name));

export const refuse = (
  code: string,
  name: string,
  keys: readonly string[],
  token: Uint8Array,
): RefusedToken => ({
  name,
  keys,
  token: hex(token),
  code,
});

/** The token with some bits of one byte turned. */
export const changed = (token: Uint8Array, offset: number, mask: number): Uint8Array => {
  const copy = token.slice();
  copy[offset] = (copy[offset] ?? 0) ^ mask;
  return copy;
};
