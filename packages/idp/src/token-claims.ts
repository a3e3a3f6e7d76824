import { z } from 'zod';
import { idpError } from './errors.ts';
import { IDP_LIMITS } from './limits.ts';
import { lineOfText } from './line-of-text.ts';
import { isScope, parseScope } from './scope.ts';

/** Somebody who acts for the subject of a token, as its `act` claim names them. */
export interface TokenActor {
  readonly sub: string;
  /** The issuer that `sub` belongs to, where the claim says so. */
  readonly issuer?: string;
}

/** Names of claims for which there is no standard. */
export interface ClaimNames {
  /** The organization that the person belongs to: `tid` at Entra, `org_id` at Auth0. */
  readonly tenant?: string;
  /** The device that the person signed in on. */
  readonly device?: string;
}

/** The claims of a token, or of the answer of an introspection, in one form. */
export interface TokenClaims {
  readonly issuer: string;
  readonly sub: string;
  readonly audiences: readonly string[];
  readonly clientId?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly phone?: string;
  readonly phoneVerified?: boolean;
  readonly idpSessionId?: string;
  /** `jti` */
  readonly tokenId?: string;
  readonly tenantId?: string;
  readonly deviceId?: string;
  readonly acr?: string;
  readonly amr?: readonly string[];
  readonly authTimeMs?: number;
  readonly issuedAtMs: number;
  readonly notBeforeMs?: number;
  readonly expiresAtMs: number;
  readonly scope?: readonly string[];
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
  /** From the one who acts now to the one who acted first. */
  readonly actors: readonly TokenActor[];
  /** `cnf`: the key that the token is bound to. */
  readonly confirmation?: Readonly<Record<string, unknown>>;
  /** `may_act`: the only one who may act for the subject. */
  readonly mayAct?: Readonly<Record<string, unknown>>;
}

const text = lineOfText(IDP_LIMITS.maxClaimCharacters);
const texts = z.array(text).max(IDP_LIMITS.maxClaimListItems);
/** RFC 7519 §2: seconds, perhaps with a fraction; to the end of the year 9999, what a Date and a reader can hold. */
const timeMs = z
  .number()
  .min(0)
  .max(253_402_300_799)
  .transform((seconds) => Math.floor(seconds * 1000));
const scopeText = z.string().transform((value, context): readonly string[] => {
  if (value === '') return [];
  const scope = parseScope(value);
  if (scope !== undefined) return scope;
  context.addIssue('not a scope');
  return z.NEVER;
});
/** A boolean; some issuers write it as a text. */
const isTrue = z
  .union([z.boolean(), z.enum(['true', 'false'])])
  .transform((value) => String(value) === 'true');
const memberships = z.array(text).max(IDP_LIMITS.maxMemberships).optional().catch(undefined);
const members = z.record(z.string(), z.unknown());

const CLAIMS = z.object({
  iss: text,
  sub: text,
  aud: z.union([text.transform((one) => [one]), texts.min(1)]),
  exp: timeMs,
  iat: timeMs,
  nbf: timeMs.exactOptional(),
  auth_time: timeMs.exactOptional(),
  client_id: text.exactOptional(),
  azp: text.exactOptional(),
  email: text.exactOptional(),
  email_verified: isTrue.exactOptional(),
  // They open nothing: a session is only found by them. What makes no sense there is not there.
  phone_number: text.optional().catch(undefined),
  phone_number_verified: isTrue.optional().catch(undefined),
  jti: text.optional().catch(undefined),
  sid: text.exactOptional(),
  acr: text.exactOptional(),
  amr: texts.exactOptional(),
  scope: scopeText.exactOptional(),
  // Scope as Entra (a text) and Okta (a list) write it.
  scp: z.union([scopeText, z.array(z.string()).refine(isScope)]).exactOptional(),
  // RFC 9068 §2.2.3.1. They open nothing here by themselves: a list that makes no sense is none.
  groups: memberships,
  roles: memberships,
  cnf: members.exactOptional(),
  may_act: members.exactOptional(),
  act: members.exactOptional(),
});

const ACTOR = z.object({ sub: text, iss: text.exactOptional(), act: members.exactOptional() });

/**
 * Reads the claims that matter here; others are ignored, as RFC 7519 §4 demands.
 *
 * @param json - the claims of a verified token, or of an introspection.
 * @param names - of claims for which issuers have names of their own.
 * @throws RtaError `RTA_IDP_TOKEN_CLAIMS`; the details name the claim.
 */
export function readTokenClaims(issuer: string, json: unknown, names: ClaimNames = {}): TokenClaims {
  const read = CLAIMS.safeParse(json);
  if (!read.success) throw claimError(issuer, String(read.error.issues[0]?.path[0]));
  const tenantId = namedClaim(issuer, json, names.tenant);
  const deviceId = namedClaim(issuer, json, names.device);
  const claims = read.data;
  const clientId = claims.client_id ?? claims.azp;
  const scope = claims.scope ?? claims.scp;
  return {
    issuer: claims.iss,
    sub: claims.sub,
    audiences: claims.aud,
    ...(clientId === undefined ? {} : { clientId }),
    ...(claims.email === undefined ? {} : { email: claims.email }),
    ...(claims.email_verified === undefined ? {} : { emailVerified: claims.email_verified }),
    ...(claims.phone_number === undefined ? {} : { phone: claims.phone_number }),
    ...(claims.phone_number_verified === undefined ? {} : { phoneVerified: claims.phone_number_verified }),
    ...(claims.sid === undefined ? {} : { idpSessionId: claims.sid }),
    ...(claims.jti === undefined ? {} : { tokenId: claims.jti }),
    ...(tenantId === undefined ? {} : { tenantId }),
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(claims.acr === undefined ? {} : { acr: claims.acr }),
    ...(claims.amr === undefined ? {} : { amr: claims.amr }),
    ...(claims.auth_time === undefined ? {} : { authTimeMs: claims.auth_time }),
    issuedAtMs: claims.iat,
    ...(claims.nbf === undefined ? {} : { notBeforeMs: claims.nbf }),
    expiresAtMs: claims.exp,
    ...(scope === undefined ? {} : { scope }),
    ...(claims.groups === undefined ? {} : { groups: claims.groups }),
    ...(claims.roles === undefined ? {} : { roles: claims.roles }),
    actors: readActors(issuer, claims.act),
    ...(claims.cnf === undefined ? {} : { confirmation: claims.cnf }),
    ...(claims.may_act === undefined ? {} : { mayAct: claims.may_act }),
  };
}

/** A claim that the configuration names; one that is there and is no line of text is an error. */
function namedClaim(issuer: string, json: unknown, name: string | undefined): string | undefined {
  const value: unknown = name === undefined ? undefined : (json as Readonly<Record<string, unknown>>)[name];
  if (value === undefined) return undefined;
  const read = text.safeParse(value);
  if (!read.success) throw claimError(issuer, String(name));
  return read.data;
}

/** The chain of `act` claims, one within the other, outermost first. @see RFC 8693 §4.1 */
function readActors(issuer: string, outermost: unknown): readonly TokenActor[] {
  const actors: TokenActor[] = [];
  for (let act = outermost; act !== undefined; ) {
    const read = ACTOR.safeParse(act);
    // An actor without a name could not be accounted for (invariant I7).
    if (!read.success || actors.length === IDP_LIMITS.maxActorDepth) throw claimError(issuer, 'act');
    const { sub, iss } = read.data;
    actors.push({ sub, ...(iss === undefined ? {} : { issuer: iss }) });
    act = read.data.act;
  }
  return actors;
}

/**
 * What two accounts of one token, the signed one and the introspected one, both say: the shorter life, the smaller
 * scope, and every restriction of either.
 *
 * @throws RtaError `RTA_IDP_TOKEN_CONFLICT` where they are not about the same subject and client.
 */
export function mergeTokenClaims(signed: TokenClaims, introspected: TokenClaims): TokenClaims {
  const { issuer } = signed;
  for (const member of ['sub', 'clientId', 'idpSessionId', 'tenantId', 'deviceId'] as const) {
    const [one, other] = [signed[member], introspected[member]];
    if (one !== undefined && other !== undefined && one !== other) {
      throw idpError('RTA_IDP_TOKEN_CONFLICT', undefined, { details: { issuer, member } });
    }
  }
  const scope = inBoth(signed.scope, introspected.scope);
  const groups = inBoth(signed.groups, introspected.groups);
  const roles = inBoth(signed.roles, introspected.roles);
  const signIns = [signed.authTimeMs, introspected.authTimeMs].filter((timeMs) => timeMs !== undefined);
  const accounts = [signed, introspected];
  // Number and word on it go together.
  const phone = accounts.some(({ phoneVerified }) => phoneVerified === false)
    ? undefined
    : accounts.find(({ phoneVerified }) => phoneVerified === true)?.phone;
  const unverified = signed.emailVerified === false || introspected.emailVerified === false;
  const { phone: _one, phoneVerified: _two, ...merged } = { ...introspected, ...signed };
  return {
    ...merged,
    ...(phone === undefined ? {} : { phone, phoneVerified: true }),
    issuedAtMs: Math.min(signed.issuedAtMs, introspected.issuedAtMs),
    expiresAtMs: Math.min(signed.expiresAtMs, introspected.expiresAtMs),
    ...(signIns.length === 0 ? {} : { authTimeMs: Math.min(...signIns) }),
    ...(unverified ? { emailVerified: false } : {}),
    ...(scope === undefined ? {} : { scope }),
    ...(groups === undefined ? {} : { groups }),
    ...(roles === undefined ? {} : { roles }),
    actors: signed.actors.length > 0 ? signed.actors : introspected.actors,
  };
}

/** What both lists have; where only one of them is there, that one. */
function inBoth(
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
): readonly string[] | undefined {
  return one && other ? one.filter((name) => other.includes(name)) : (one ?? other);
}

function claimError(issuer: string, claim: string): Error {
  return idpError('RTA_IDP_TOKEN_CLAIMS', undefined, { details: { issuer, claim } });
}
