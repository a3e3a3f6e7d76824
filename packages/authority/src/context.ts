import { hash } from 'node:crypto';
import { canonicalJson, type JsonObject, type JsonValue, type SessionId } from '@rta/core';
import type { Grant } from './grant/grant.ts';

/** The person for whom a session acts, as the IdP's token named them. */
export interface Subject {
  readonly issuer: string;
  readonly sub: string;
  /** Verified by the IdP; compared without regard to case. */
  readonly email?: string;
  /** Verified by the IdP; compared by `+` and digits alone. */
  readonly phone?: string;
  /** The session at the IdP (`sid`). */
  readonly idpSessionId?: string;
  /** The IdP's token that was exchanged (`jti`). */
  readonly tokenId?: string;
  readonly deviceId?: string;
  /** The organization that the person belongs to, as the IdP calls it. */
  readonly tenantId?: string;
  /** The OAuth client that the person signed in to. */
  readonly clientId?: string;
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** UNIX milliseconds of the sign-in (`auth_time`), where the IdP told. */
  readonly authTimeMs?: number;
  /** Id of the only agent that may act for the person (`may_act`, RFC 8693 §4.4); absent: any. */
  readonly mayAct?: string;
  /**
   * UNIX milliseconds of the sign-in, or of the IdP's token where the sign-in is not known: what a revocation is
   * measured against.
   */
  readonly signedInAtMs: number;
}

/** One agent of an actor chain. */
export interface Actor {
  readonly id: string;
  readonly name?: string;
  readonly type?: string;
  readonly version?: string;
  readonly instance?: string;
  readonly model?: string;
  readonly owner?: string;
  readonly purpose?: string;
  /** SHA-256 thumbprint of the agent's key, base64url (RFC 7638). */
  readonly keyThumbprint: string;
}

/** What is known about the subject's security now. An attribute that no signal spoke of is absent. */
export interface Attributes {
  readonly riskLevel?: 'LOW' | 'MEDIUM' | 'HIGH';
  readonly deviceCompliant?: boolean;
  /** UNIX milliseconds of the last change of a credential. */
  readonly credentialChangedAtMs?: number;
  /** UNIX milliseconds since when the person has to change a credential, and has not. */
  readonly credentialChangeRequiredAtMs?: number;
  /** UNIX milliseconds of the last time that the person recovered their account, or asked to. */
  readonly recoveryActivatedAtMs?: number;
  /** UNIX milliseconds of the last change of what the account is recovered by. */
  readonly recoveryInformationChangedAtMs?: number;
  /** UNIX milliseconds of the last change of what the IdP keeps of the person. */
  readonly profileChangedAtMs?: number;
  /** How sure the IdP is of who the person is, in the words of a list of levels. */
  readonly assurance?: { readonly namespace: string; readonly level: string };
  /** UNIX milliseconds since when that is less than it was: who signed in before has to again. */
  readonly assuranceLoweredAtMs?: number;
  /** Claims of the IdP's tokens that have other values now; of many the newest `maxClaims`. */
  readonly claims?: Readonly<Record<string, JsonValue>>;
}

/** Where each attribute in force is from, and since when it holds. */
export type Evidence = {
  readonly [Name in keyof Attributes]?: {
    /** Issuer of the signal. */
    readonly source: string;
    /** UNIX milliseconds of the event. */
    readonly atMs: number;
    /** Id of the signal. */
    readonly change: string;
  };
};

/** One reason for which a session is suspended. */
export interface Suspension {
  /**
   * `account`: the person's account is disabled or gone; `risk`: the risk level; `ordered`: somebody ordered it;
   * `parent-absent`: the agent that delegated it is away.
   */
  readonly kind: 'account' | 'risk' | 'ordered' | 'parent-absent';
  /** Id of the change that suspended it. */
  readonly change: string;
}

/** Everything that a decision for a session rests on; its hash is in the token. */
export interface SessionContext {
  readonly session: SessionId;
  readonly subject: Subject;
  /** From the agent that holds the user's own session to the one that holds this one. */
  readonly actors: readonly Actor[];
  readonly grant: Grant;
  readonly attributes: Attributes;
  /** Why nothing is permitted; empty where something may be. */
  readonly suspensions: readonly Suspension[];
  /** Version of the policies in force. */
  readonly policyRevision: string;
}

/**
 * The hash that a token commits to: SHA-256 over the canonical JSON of the context, 32 bytes.
 *
 * @see RFC 8785; docs/spec/token.md on the context hash
 */
export function contextHash(context: SessionContext): Uint8Array {
  const { session, subject, actors, grant, attributes, suspensions, policyRevision } = context;
  // Members stand in the order of RFC 8785 §3.2.3. What seldom changes is written once, and not with every change; a
  // chain of actors shares them with the one that it was made longer from.
  const text =
    `{"actors":[${actors.map(canonicalText).join()}],"attributes":${canonicalText(attributes)},"grant":${canonicalText(grant)},` +
    `"policyRevision":${canonicalString(policyRevision)},"session":${canonicalString(session)},` +
    `"subject":${canonicalText(subject)},"suspensions":${canonicalText(suspensions)},"v":1}`;
  // By way of its text: that takes half as long as an array that the library makes, and a copy of that.
  return new Uint8Array(Buffer.from(hash('sha256', text, 'hex'), 'hex'));
}

/** The canonical texts of parts of contexts: nobody changes those in place. */
const texts = new WeakMap<object, string>();

/**
 * The canonical JSON text of a part of a context.
 *
 * @throws RtaError `RTA_CORE_NOT_CANONICAL`
 */
export function canonicalText(part: object): string {
  let text = texts.get(part);
  if (text === undefined) {
    // The parts of a context are plain data; only their types do not say so.
    text = textOf(part as JsonObject);
    texts.set(part, text);
  }
  return text;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** A string of RFC 8785 is one of ECMAScript, where it is well-formed (§3.2.2.2). */
function canonicalString(value: string): string {
  return LONE_SURROGATE.test(value) ? textOf(value) : JSON.stringify(value);
}

function textOf(value: JsonValue): string {
  return new TextDecoder().decode(canonicalJson(value));
}
