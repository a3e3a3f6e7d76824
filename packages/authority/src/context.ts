import { createHash } from 'node:crypto';
import { canonicalJson, type JsonObject, type SessionId } from '@rta/core';
import type { Grant } from './grant.ts';

/** The person for whom a session acts, as the IdP's token named them. */
export interface Subject {
  readonly issuer: string;
  readonly sub: string;
  /** Verified by the IdP; compared without regard to case. */
  readonly email?: string;
  /** The session at the IdP (`sid`). */
  readonly idpSessionId?: string;
  readonly deviceId?: string;
  /** The OAuth client that the person signed in to. */
  readonly clientId?: string;
  readonly acr?: string;
  readonly amr?: readonly string[];
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
}

/** Everything that a decision for a session rests on; its hash is in the token. */
export interface SessionContext {
  readonly session: SessionId;
  readonly subject: Subject;
  /** From the agent that holds the user's own session to the one that holds this one. */
  readonly actors: readonly Actor[];
  readonly grant: Grant;
  readonly attributes: Attributes;
  /** Version of the policies in force. */
  readonly policyRevision: string;
}

/**
 * The hash that a token commits to: SHA-256 over the canonical JSON of the context, 32 bytes.
 *
 * @see RFC 8785; docs/spec/token.md on the context hash
 */
export function contextHash(context: SessionContext): Uint8Array {
  const { session, subject, actors, grant, attributes, policyRevision } = context;
  const committed: JsonObject = {
    v: 1,
    session,
    subject: { ...subject },
    actors: actors.map((actor): JsonObject => ({ ...actor })),
    grant: {
      scope: grant.scope,
      details: grant.details?.map((detail): JsonObject => ({ ...detail })),
    },
    attributes: { ...attributes },
    policyRevision,
  };
  return new Uint8Array(createHash('sha256').update(canonicalJson(committed)).digest());
}
