import type { JsonObject } from '@rta/core';

/** Who the agent is, as it says and as the audit log keeps it. */
export interface AgentDescription {
  readonly id: string;
  readonly name?: string;
  readonly type?: string;
  readonly version?: string;
  readonly instance?: string;
  readonly model?: string;
  readonly owner?: string;
  readonly purpose?: string;
}

/** A grant in detail, RFC 9396 type `rta_action`: these actions at these locations. */
export interface ActionDetail {
  readonly type: 'rta_action';
  /** Action names; a trailing `*` stands for any rest. */
  readonly actions: readonly string[];
  /** Resource ids; a trailing `*` stands for any rest. Absent: any resource. */
  readonly locations?: readonly string[];
  /** How much; absent: as much as one likes. */
  readonly limits?: ActionDetailLimits;
}

/** Limits of a grant in detail. Amounts are whole numbers of the currency's smallest unit. */
export interface ActionDetailLimits {
  /** ISO 4217 code; there where, and only where, amounts are limited. */
  readonly currency?: string;
  /** Largest amount of one action. */
  readonly maxAmount?: number;
  /** Sum of the amounts of all actions, of the session and of those below it. */
  readonly totalAmount?: number;
  /** Number of actions, of the session and of those below it. */
  readonly totalCount?: number;
}

/** What a session may ask for over itself and those below it; a member that is absent limits nothing. */
export interface SessionBudget {
  readonly requestsPerSecond?: number;
  /** Permits in its whole life. */
  readonly totalCount?: number;
}

/** `suspended`: nothing is permitted until a `context` message says otherwise. */
export type SessionState = 'active' | 'suspended';

/** One session of a tree, as those above it see it. */
export interface ListedSession {
  readonly session: string;
  /** The session that delegated it. */
  readonly parent: string;
  readonly agent: AgentDescription;
  readonly state: SessionState;
  readonly scope: readonly string[];
  readonly expiresAtMs: number;
  /** Whether its agent is connected. */
  readonly connected: boolean;
}

/** The messages by frame type, but for AUTHORIZE and DECISION; each is one CBOR map. */
export interface Messages {
  readonly hello: { readonly client: string };
  readonly welcome: {
    /** Name of the node. */
    readonly node: string;
    /** 32 random bytes, for bindings on this connection. */
    readonly challenge: Uint8Array;
    /** The URL that a DPoP proof names as `htu`. */
    readonly tokenEndpoint: string;
    /** A DPoP nonce, good for one exchange. */
    readonly nonce: string;
    /** The server's UNIX milliseconds. */
    readonly nowMs: number;
  };
  readonly exchange: {
    /** The form parameters of the token request, in any order. */
    readonly parameters: readonly (readonly [name: string, value: string])[];
    /** DPoP proof (RFC 9449). */
    readonly proof: string;
  };
  readonly exchanged: {
    readonly token: Uint8Array;
    readonly session: string;
    readonly generation: number;
    readonly expiresAtMs: number;
    readonly scope: readonly string[];
    /** A nonce for the next exchange. */
    readonly nonce: string;
  };
  readonly bind: {
    readonly session: string;
    /** Ed25519 signature over `bindingStatement`, 64 bytes. */
    readonly signature: Uint8Array;
  };
  /** Binds on a lane, without a challenge: it may stand in early data. */
  readonly resume: {
    readonly session: string;
    /** 16 random bytes that the server takes once. */
    readonly nonce: Uint8Array;
    /** When it was signed, in UNIX milliseconds by the server's clock as the client knows it. */
    readonly issuedAtMs: number;
    /** Ed25519 signature over `resumeStatement`, 64 bytes. */
    readonly signature: Uint8Array;
  };
  readonly bound: {
    readonly session: string;
    readonly token: Uint8Array;
    readonly generation: number;
    readonly expiresAtMs: number;
    readonly scope: readonly string[];
    readonly state: SessionState;
  };
  readonly delegate: {
    /** The parent's current token. */
    readonly token: Uint8Array;
    readonly agent: AgentDescription;
    /** A part of what the parent has; all of it where neither this nor `authorizationDetails` is there. */
    readonly scope?: readonly string[];
    readonly authorizationDetails?: readonly ActionDetail[];
    /** Lets the child go on while this agent is away. */
    readonly detached?: boolean;
    readonly budget?: SessionBudget;
    /** The child's Ed25519 public key, 32 bytes: it proves possession when it binds. */
    readonly key: Uint8Array;
    /** Lifetime asked for; never longer than the parent's. */
    readonly lifetimeMs?: number;
  };
  readonly delegated: {
    readonly session: string;
    readonly expiresAtMs: number;
    /** What it reaches now. */
    readonly scope: readonly string[];
  };
  /** The agent is done, or one below it is to be: that session and what it delegated end. */
  readonly end: {
    readonly token: Uint8Array;
    /** A session below that of the token; that of the token itself by default. */
    readonly session?: string;
  };
  readonly ended: { readonly session: string };
  /** What has this agent delegated, itself or through others? */
  readonly list: {
    readonly token: Uint8Array;
    /** The last session of the answer before; from the beginning by default. */
    readonly after?: string;
  };
  readonly listed: {
    /** From the top down: a session stands after the one that delegated it. */
    readonly sessions: readonly ListedSession[];
    /** Whether there are more after the last one. */
    readonly more: boolean;
  };
  /** Takes rights from a session below: what it keeps is a part of what it has. */
  readonly narrow: {
    readonly token: Uint8Array;
    readonly session: string;
    readonly scope: readonly string[];
    readonly authorizationDetails?: readonly ActionDetail[];
  };
  readonly narrowed: {
    readonly session: string;
    readonly generation: number;
    readonly scope: readonly string[];
  };
  readonly ping: Readonly<Record<string, never>>;
  readonly pong: { readonly nowMs: number };
  /** The node stops: connect elsewhere, within the time given. */
  readonly goaway: { readonly reason: string; readonly withinMs: number };
  readonly error: {
    /** `RTA_<AREA>_<REASON>` */
    readonly code: string;
    readonly message: string;
    readonly retryable: boolean;
    /** A fresh nonce, where the error is about one. */
    readonly nonce?: string;
  };
  /** The session's context changed: the old token is dead, this one replaces it. */
  readonly context: {
    readonly session: string;
    readonly generation: number;
    readonly token: Uint8Array;
    readonly state: SessionState;
    readonly scope: readonly string[];
    /** Actions, or patterns, that the session has gained and lost since its agent was told last. */
    readonly gained: readonly string[];
    readonly lost: readonly string[];
    /** Attributes in force. */
    readonly attributes: JsonObject;
    /** What made it change. */
    readonly cause: ChangeCause;
  };
  /** The session ended; no token of it is worth anything. */
  readonly revoked: {
    readonly session: string;
    readonly generation: number;
    readonly cause: ChangeCause;
  };
  /** The agent has taken a push to heart. */
  readonly ack: { readonly session: string; readonly generation: number };
  /** Somebody has decided what an agent waits for. */
  readonly approval: {
    readonly session: string;
    /** As `detail.approval.id` of the decision that asked for it. */
    readonly id: string;
    /** `approved`: the same question, asked again, is decided as approved. */
    readonly state: 'approved' | 'refused' | 'void';
  };
}

/** Why a session changed. */
export interface ChangeCause {
  /**
   * A kind of signal (`session-revoked`, `risk-level-change` …), or what the server saw itself: `policy-change`,
   * `narrowed`, `parent-absent`, `parent-present`, `expired`, `ended`.
   */
  readonly kind: string;
  /** Id of the change, as in audit log and receipts. */
  readonly change: string;
  readonly reason?: string;
  readonly txn?: string;
}

/** Names of the messages. */
export type MessageName = keyof Messages;
