import type { AuditSigner } from '@rta/audit';
import type { Budget } from '@rta/authority';
import type { Clock } from '@rta/core';
import type { EventBroker } from '@rta/events';
import type { IssuerOptions } from '@rta/idp';
import type { PolicyDecisionPoint } from '@rta/pdp';
import type { Store } from '@rta/store';
import type { TokenKeySource } from '@rta/token';
import type { AuditFailureMode } from './audit/audit-trail.ts';
import type { EventTransmissionOptions } from './signals/event-transmission.ts';
import type { SecurityEventSource } from './signals/security-events.ts';

/** An IdP whose tokens are exchanged, and what they are good for. */
export interface TrustedIssuer extends IssuerOptions {
  /** What a token without scopes of its own (an ID token) can be exchanged for; nothing by default. */
  readonly grantableScope?: readonly string[];
  /** How long sessions live; by default as long as the IdP's token does. At most 24 hours. */
  readonly sessionLifetimeMs?: number;
}

/** What a server is made of. All ports are the caller's: they are used, and not closed. */
export interface RtaServerOptions {
  /** The server's own identifier: an https URL without a path, as its clients see it. */
  readonly issuer: string;
  /** Name of this node, unique among the nodes of the issuer; random by default. */
  readonly node?: string;
  /** Where agents connect, `host:port`; told to agents that exchange over HTTPS. */
  readonly agentEndpoint?: string;
  /**
   * Keys that sign tokens, watched as long as the server runs. What a revoked key signed is refused at once;
   * `createStaticKeySource` of `@rta/token` is for keys that stay.
   */
  readonly keys: TokenKeySource;
  readonly issuers: readonly TrustedIssuer[];
  /** Who may send security events; none by default. */
  readonly transmitters?: readonly SecurityEventSource[];
  /** Tells others what happens to sessions; without it nobody is told. */
  readonly eventTransmitter?: EventTransmissionOptions;
  readonly pdp: PolicyDecisionPoint;
  /**
   * Who says whether an agent may delegate: `grant`, whatever it has itself; `policy`, the PDP as well, which is asked
   * for the action `rta:delegate`. By default `grant`.
   */
  readonly delegation?: 'grant' | 'policy';
  /** Suspends sessions at this risk level and above; by default none: then it is for the policies to say. */
  readonly suspendAtRisk?: 'MEDIUM' | 'HIGH';
  /** What a session that is exchanged may ask for, over itself and those below it; without limit by default. */
  readonly sessionBudget?: Budget;
  /** Questions per second of one agent over all its sessions on a node; without limit by default. */
  readonly agentRequestsPerSecond?: number;
  /**
   * Types of obligations that all enforcement points fulfil, besides those that the server does itself
   * (`SERVER_OBLIGATIONS`). A permit with any other is a denial.
   */
  readonly forwardedObligations?: readonly string[];
  readonly broker: EventBroker;
  readonly store: Store;
  /**
   * Seals the audit log with signed checkpoints (docs/audit.md), and signs receipts of changes (docs/receipts.md);
   * without it the log is chained, and neither is signed. It signs no tokens.
   */
  readonly auditKey?: AuditSigner;
  /** What happens while the audit log cannot be written; `deny` by default. */
  readonly onAuditFailure?: AuditFailureMode;
  /** Lets people administer (docs/guides/admin-api.md); without it the admin API and introspection are not there. */
  readonly admin?: AdminOptions;
  /** Makes nonces, 32 bytes; nodes that share it accept each other's. Random by default. */
  readonly nonceSecret?: Uint8Array;
  readonly clock?: Clock;
}

/** Who may administer, and by which policies. */
export interface AdminOptions {
  /** What the access tokens of administrators are for: none of the audiences of tokens that agents exchange. */
  readonly audience: string;
  /** A scope that they must have; none by default. */
  readonly scope?: string;
  /** Decides what each of them may do, apart from the policies for agents. The caller's, as all ports are. */
  readonly pdp: PolicyDecisionPoint;
}
