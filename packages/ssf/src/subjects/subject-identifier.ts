import type { JsonObject, JsonValue } from '@rta/core';
import { z } from 'zod';
import { ssfError } from '../errors.ts';
import { SSF_LIMITS } from '../limits.ts';
import { isObject } from '../set/strict-json.ts';

const name = z.string().min(1).max(SSF_LIMITS.nameCharacters);

const SIMPLE = z.discriminatedUnion('format', [
  // RFC 9493 §3.2
  z.object({ format: z.literal('account'), uri: name.regex(/^acct:/i) }),
  z.object({ format: z.literal('did'), url: name.regex(/^did:/) }),
  z.object({ format: z.literal('email'), email: name.regex(/^[^@]+@[^@]+$/) }),
  z.object({ format: z.literal('iss_sub'), iss: name, sub: name }),
  z.object({ format: z.literal('opaque'), id: name }),
  z.object({ format: z.literal('phone_number'), phone_number: name }),
  z.object({ format: z.literal('uri'), uri: name }),
  // SSF 1.0 §3.5
  z.object({ format: z.literal('jwt_id'), iss: name, jti: name }),
  z.object({ format: z.literal('saml_assertion_id'), issuer: name, assertion_id: name }),
  z.object({
    format: z.literal('ip-addresses'),
    'ip-addresses': z.array(name).min(1).max(SSF_LIMITS.subjectIdentifierCount),
  }),
  // RFC 9967 §2.1
  z.object({ format: z.literal('scim'), uri: name, externalId: name.exactOptional() }),
]);

/** A subject identifier of a known format that is one name. @see RFC 9493 §3.2, SSF 1.0 §3.5, RFC 9967 §2.1 */
export type SimpleSubject =
  | { readonly format: 'account'; readonly uri: string }
  | { readonly format: 'did'; readonly url: string }
  | { readonly format: 'email'; readonly email: string }
  | { readonly format: 'iss_sub'; readonly iss: string; readonly sub: string }
  | { readonly format: 'opaque'; readonly id: string }
  | { readonly format: 'phone_number'; readonly phone_number: string }
  | { readonly format: 'uri'; readonly uri: string }
  | { readonly format: 'jwt_id'; readonly iss: string; readonly jti: string }
  | { readonly format: 'saml_assertion_id'; readonly issuer: string; readonly assertion_id: string }
  | { readonly format: 'ip-addresses'; readonly 'ip-addresses': readonly string[] }
  | { readonly format: 'scim'; readonly uri: string; readonly externalId?: string };

/** What stands where a subject identifier should be, in a format that nobody here knows. */
export interface UnknownSubject {
  readonly format: 'unknown';
  /** As it came. */
  readonly unknown: JsonValue;
}

/** Several names of one subject. @see RFC 9493 §3.2.8 */
export interface AliasesSubject {
  readonly format: 'aliases';
  readonly identifiers: readonly (SimpleSubject | UnknownSubject)[];
}

/** One member of a complex subject. */
export type SubjectMember = SimpleSubject | AliasesSubject | UnknownSubject;

/** Names of the members that SSF defines for complex subjects. @see SSF 1.0 §3.3 */
export const SUBJECT_MEMBERS = [
  'user',
  'session',
  'device',
  'tenant',
  'application',
  'org_unit',
  'group',
] as const;

/** Several members that together name one principal; an absent one says nothing. @see SSF 1.0 §3.3 */
export type ComplexSubject = { readonly format: 'complex' } & {
  readonly [Name in (typeof SUBJECT_MEMBERS)[number]]?: SubjectMember;
} & {
  /** Members with names of somebody's own. */
  readonly others: Readonly<Record<string, SubjectMember>>;
};

/** A subject identifier. */
export type SubjectIdentifier = SubjectMember | ComplexSubject;

const SIMPLE_FORMATS: ReadonlySet<unknown> = new Set(SIMPLE.options.map(({ shape }) => shape.format.value));

/**
 * Reads a subject identifier: strict with the formats that it knows, open to those that it does not.
 *
 * @throws RtaError `RTA_SSF_SUBJECT`
 * @see RFC 9493 §3, SSF 1.0 §3
 */
export function parseSubject(subject: JsonObject): SubjectIdentifier {
  return subject['format'] === 'complex' ? parseComplex(subject) : parseMember(subject, 'sub_id');
}

function parseComplex(subject: JsonObject): ComplexSubject {
  const { format: _format, ...members } = subject;
  const names = Object.keys(members);
  // Without a member it would name everybody (SSF 1.0 §8.1.3.1: an absent member matches anything).
  if (names.length === 0) throw ssfError('RTA_SSF_SUBJECT', 'a complex subject needs a member');
  const known: { [Name in (typeof SUBJECT_MEMBERS)[number]]?: SubjectMember } = {};
  const others: [name: string, member: SubjectMember][] = [];
  for (const [memberName, value = null] of Object.entries(members)) {
    const isStandard = isStandardMember(memberName);
    if (isStandard && (!isObject(value) || value['format'] === 'complex')) {
      throw ssfError(
        'RTA_SSF_SUBJECT',
        `member ${memberName} of the complex subject is not a simple subject`,
      );
    }
    if (isStandard && isObject(value)) known[memberName] = parseMember(value, memberName);
    else others.push([memberName, parseOther(value)]);
  }
  return { format: 'complex', ...known, others: Object.fromEntries(others) };
}

function isStandardMember(memberName: string): memberName is (typeof SUBJECT_MEMBERS)[number] {
  return (SUBJECT_MEMBERS as readonly string[]).includes(memberName);
}

/** What a member of somebody's own must look like is not known: what cannot be read is no fault of the token. */
function parseOther(value: JsonValue): SubjectMember {
  try {
    return isObject(value) ? parseMember(value, '') : { format: 'unknown', unknown: value };
  } catch {
    return { format: 'unknown', unknown: value };
  }
}

function parseMember(subject: JsonObject, what: string): SubjectMember {
  if (subject['format'] !== 'aliases') return parseSimple(subject, what);
  const { identifiers } = subject;
  if (!Array.isArray(identifiers) || identifiers.length === 0) {
    throw ssfError('RTA_SSF_SUBJECT', `${what} has no identifiers`);
  }
  if (identifiers.length > SSF_LIMITS.subjectIdentifierCount) {
    throw ssfError(
      'RTA_SSF_SUBJECT',
      `${what} has more than ${SSF_LIMITS.subjectIdentifierCount} identifiers`,
    );
  }
  return {
    format: 'aliases',
    identifiers: identifiers.map((one) => {
      if (!isObject(one) || one['format'] === 'aliases' || one['format'] === 'complex') {
        throw ssfError('RTA_SSF_SUBJECT', `an identifier of ${what} is not a simple subject`);
      }
      return parseSimple(one, what);
    }),
  };
}

function parseSimple(subject: JsonObject, what: string): SimpleSubject | UnknownSubject {
  const { format } = subject;
  if (typeof format !== 'string') throw ssfError('RTA_SSF_SUBJECT', `${what} has no format`);
  if (!SIMPLE_FORMATS.has(format)) return { format: 'unknown', unknown: subject };
  const result = SIMPLE.safeParse(subject);
  if (!result.success)
    throw ssfError('RTA_SSF_SUBJECT', `${what} is not shaped as its format ${format} demands`);
  return result.data;
}

/** The JSON of a subject identifier, as a token has it under `sub_id`. */
export function subjectJson(subject: SubjectIdentifier): JsonObject {
  if (subject.format === 'complex') {
    const { format, others, ...members } = subject;
    const all: [string, SubjectMember][] = [...Object.entries(others), ...Object.entries(members)];
    return { format, ...Object.fromEntries(all.map(([key, member]) => [key, memberJson(member)])) };
  }
  const json = memberJson(subject);
  if (!isObject(json)) throw new TypeError('what is no object is no subject identifier');
  return json;
}

function memberJson(member: SubjectMember): JsonValue {
  if (member.format === 'unknown') return member.unknown;
  if (member.format === 'aliases') return { ...member, identifiers: member.identifiers.map(memberJson) };
  return { ...member };
}
