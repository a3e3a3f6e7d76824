import type { JsonObject } from '@rta/core';
import { z } from 'zod';
import { ssfError } from './errors.ts';
import { SSF_LIMITS } from './limits.ts';
import { isObject } from './strict-json.ts';

/** A subject identifier with one name. `unreadable` is one in a format that this receiver does not match by. */
export type SimpleSubject =
  | { readonly format: 'iss_sub'; readonly iss: string; readonly sub: string }
  | { readonly format: 'email'; readonly email: string }
  | { readonly format: 'opaque'; readonly id: string }
  | { readonly format: 'unreadable' };

/** The members of a complex subject that this receiver matches by. */
export const COMPLEX_MEMBERS = ['user', 'session', 'device'] as const;

/** A subject identifier of a Security Event Token. */
export type SubjectIdentifier =
  | { readonly kind: 'simple'; readonly subject: SimpleSubject }
  | {
      readonly kind: 'complex';
      readonly members: { readonly [Name in (typeof COMPLEX_MEMBERS)[number]]?: SimpleSubject };
      /** Names of all its members, `format` aside. */
      readonly names: readonly string[];
    };

const name = z.string().min(1).max(SSF_LIMITS.nameCharacters);

const READABLE = z.discriminatedUnion('format', [
  z.object({ format: z.literal('iss_sub'), iss: name, sub: name }),
  z.object({ format: z.literal('email'), email: name.regex(/^[^@]+@[^@]+$/) }),
  z.object({ format: z.literal('opaque'), id: name }),
]);

const READABLE_FORMATS: readonly unknown[] = ['iss_sub', 'email', 'opaque'];

/**
 * Reads a subject identifier: strict with the formats that it knows, open to those that it does not.
 *
 * @throws RtaError `RTA_SSF_SUBJECT`
 * @see RFC 9493 §3, SSF 1.0 §3
 */
export function parseSubject(subId: JsonObject): SubjectIdentifier {
  if (subId['format'] !== 'complex') return { kind: 'simple', subject: parseSimple(subId, 'sub_id') };
  const { format: _format, ...others } = subId;
  const names = Object.keys(others);
  // Without a member it would name everybody (SSF 1.0 §8.1.3.1: an absent member matches anything).
  if (names.length === 0) throw ssfError('RTA_SSF_SUBJECT', 'a complex subject needs a member');
  const members: { [Name in (typeof COMPLEX_MEMBERS)[number]]?: SimpleSubject } = {};
  for (const member of COMPLEX_MEMBERS) {
    const value = subId[member];
    if (value === undefined) continue;
    if (!isObject(value) || value['format'] === 'complex') {
      throw ssfError('RTA_SSF_SUBJECT', `member ${member} of the complex subject is not a simple subject`);
    }
    members[member] = parseSimple(value, member);
  }
  return { kind: 'complex', members, names };
}

function parseSimple(subject: JsonObject, what: string): SimpleSubject {
  const { format } = subject;
  if (typeof format !== 'string') throw ssfError('RTA_SSF_SUBJECT', `${what} has no format`);
  if (!READABLE_FORMATS.includes(format)) return { format: 'unreadable' };
  const result = READABLE.safeParse(subject);
  if (!result.success)
    throw ssfError('RTA_SSF_SUBJECT', `${what} is not shaped as its format ${format} demands`);
  return result.data;
}
