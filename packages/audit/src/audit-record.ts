import type { JsonObject } from '@rta/core';

/** What a record can be about. */
export const AUDIT_KINDS = [
  'exchange',
  'delegation',
  'bind',
  'decision',
  'approval',
  'change',
  'end',
  'signal',
  'policy',
  'keys',
  'enforcement',
  'refusal',
  'admin',
  'checkpoint',
  'gap',
] as const;

/** One of {@link AUDIT_KINDS}. */
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** How it came out. */
export const AUDIT_OUTCOMES = ['ok', 'permit', 'deny', 'refused', 'acknowledged', 'cut-off'] as const;

/** One of {@link AUDIT_OUTCOMES}. */
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** What was known of the person's security when something was recorded. What no signal spoke of is absent. */
export interface AuditPosture {
  readonly riskLevel?: 'LOW' | 'MEDIUM' | 'HIGH';
  readonly deviceCompliant?: boolean;
  /** UNIX milliseconds of the last change of a credential. */
  readonly credentialChangedAtMs?: number;
  /** UNIX milliseconds since when a credential has to be changed, and was not. */
  readonly credentialChangeRequiredAtMs?: number;
  /** UNIX milliseconds of the last time that the account was recovered. */
  readonly recoveryActivatedAtMs?: number;
  /** UNIX milliseconds of the last change of what the account is recovered by. */
  readonly recoveryInformationChangedAtMs?: number;
  /** UNIX milliseconds of the last change of what the identity provider keeps of the person. */
  readonly profileChangedAtMs?: number;
  /** How sure the identity provider is of who the person is. */
  readonly assurance?: { readonly namespace: string; readonly level: string };
  /** UNIX milliseconds since when that is less than it was. */
  readonly assuranceLoweredAtMs?: number;
}

/** What a checkpoint says, besides its place and its signature; see docs/audit.md. */
export interface CheckpointClaim {
  /** Hash of the row before: with the signature, it seals everything up to there. */
  readonly previous: string;
  /** Why it was made: the node began, enough rows, enough time, or the node ends. */
  readonly cause: CheckpointCause;
  /** Rows that stand between two checkpoints at most. */
  readonly everyRows: number;
  /** RFC 7638 thumbprint of the key that signed. */
  readonly key: string;
  /** The public key, 32 bytes as base64url, in the first checkpoint of each start. */
  readonly publicKey?: string;
}

/** Why a checkpoint was made. */
export type CheckpointCause = 'start' | 'rows' | 'time' | 'stop';

/**
 * What is kept of one event: who, on behalf of whom, what, on what, why, by which policy (invariant I7).
 * No token, key, proof or claim value beyond the names of people and agents (invariant I10).
 */
export interface AuditRecord {
  readonly kind: AuditKind;
  readonly outcome: AuditOutcome;
  readonly session?: string;
  readonly parent?: string;
  /** The person for whom it was done. */
  readonly subject?: { readonly issuer: string; readonly sub: string };
  /** Ids of the agents, from the one that the person trusted to the one that acted. */
  readonly actors?: readonly string[];
  readonly generation?: number;
  readonly action?: string;
  readonly resource?: { readonly type: string; readonly id: string };
  /** Why: a decision's cause, a change's kind, an error's code. */
  readonly cause?: string;
  readonly policies?: readonly string[];
  readonly policyRevision?: string;
  /** Risk and posture that were in force. */
  readonly posture?: AuditPosture;
  /** Id of the connection that it came over; of those that bring one HTTPS request, their kind. */
  readonly connection?: string;
  readonly transport?: string;
  /** Id of the request on its connection: with `connection`, what the agent's own log can be joined by. */
  readonly request?: number;
  /** Id of the change, and the transaction that it belongs to. */
  readonly change?: string;
  readonly txn?: string;
  readonly detail?: JsonObject;
  /** Of a checkpoint. */
  readonly checkpoint?: CheckpointClaim;
}

/** Where and when a record stands. */
export interface AuditPlace {
  /** 1, 2, 3 … without gaps, per node. */
  readonly sequence: number;
  /** UNIX milliseconds on the clock of the node. */
  readonly atMs: number;
  readonly node: string;
}

/** A record in its place: what the line of a row says. */
export type AuditEntry = AuditPlace & AuditRecord;
