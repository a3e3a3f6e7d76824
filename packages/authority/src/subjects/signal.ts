import type { JsonValue, SessionId } from '@rta/core';
import type { Grant } from '../grant/grant.ts';

/** One name of a person. `issuers` are those whose users the transmitter may speak about. */
export type UserName =
  | { readonly by: 'iss-sub'; readonly issuer: string; readonly sub: string }
  /** Compared without regard to case. */
  | { readonly by: 'email'; readonly email: string; readonly issuers: readonly string[] }
  /** Compared by `+` and digits alone. */
  | { readonly by: 'phone'; readonly phone: string; readonly issuers: readonly string[] }
  /** An opaque name: the subject (`sub`) or the IdP session (`sid`) of one of the issuers. */
  | { readonly by: 'opaque'; readonly id: string; readonly issuers: readonly string[] };

/**
 * Who a signal is about. Members that are given narrow together: a session matches when each given member
 * matches it, and at least one is given. An absent member says nothing.
 *
 * @see OpenID Shared Signals Framework 1.0 §3.3 (complex subjects), §8.1.3.1 (matching)
 */
export interface SubjectSelector {
  /** A person, by what the IdP calls them; `any`: by names that are all the same person's. */
  readonly user?: UserName | { readonly by: 'any'; readonly of: readonly UserName[] };
  /** One session at the IdP (`sid`). */
  readonly idpSession?: { readonly id: string; readonly issuers: readonly string[] };
  /** One token of the IdP (`jti`), and the sessions that it was exchanged for. */
  readonly idpToken?: { readonly id: string; readonly issuers: readonly string[] };
  /** One device. */
  readonly device?: { readonly id: string; readonly issuers: readonly string[] };
  /** All people of an organization. */
  readonly tenant?: { readonly id: string; readonly issuers: readonly string[] };
  /** All that was signed in to by one OAuth client. */
  readonly client?: { readonly id: string; readonly issuers: readonly string[] };
  /** Only people of these organizations: what the source may speak of, and by itself nobody. */
  readonly within?: { readonly tenants: readonly string[]; readonly issuers: readonly string[] };
  /** An agent, for whomever it acts; with it all sessions that it delegated. */
  readonly actor?: { readonly id: string };
  /** One session here, and all that it delegated. */
  readonly session?: { readonly id: SessionId };
  /** All sessions there are. */
  readonly everyone?: true;
}

/** Where a signal comes from. */
export interface SignalSource {
  /** Issuer of the event, or the name of the part of this server that raised it. */
  readonly issuer: string;
  /** The source's own id of the event (`jti`). */
  readonly id: string;
  /** The transaction that the event belongs to, carried to audit and receipts. */
  readonly txn?: string;
}

/** What changed about the subject. */
export type SignalChange =
  /**
   * Sessions that rest on a sign-in at or before the event end; where the signal names an agent or a session of this
   * server, those that were opened until then.
   */
  | { readonly kind: 'session-revoked' }
  /**
   * From now on nobody reaches more than this, until another word of the same source; without a grant: no ceiling.
   * Totals are not counted for it: they belong to the session that they were granted to.
   */
  | { readonly kind: 'ceiling'; readonly grant?: Grant }
  /** Nothing is permitted until the same source says that it is over. */
  | { readonly kind: 'suspension'; readonly current: boolean }
  /** `revoke` and `delete` end sessions that began before; `create` and `update` are put into context. */
  | {
      readonly kind: 'credential-change';
      readonly credentialType: string;
      readonly changeType: 'create' | 'revoke' | 'update' | 'delete';
    }
  /**
   * The account: while it is disabled nothing is permitted, and no session is opened, until the same source enables it.
   * Sessions that ended stay ended. What was purged is never enabled again.
   */
  | { readonly kind: 'account'; readonly current: 'enabled' | 'disabled' | 'purged' }
  /** A claim of the IdP's tokens has another value now. */
  | { readonly kind: 'token-claims-change'; readonly name: string; readonly value: JsonValue }
  /** How sure the source is of who the person is. After a decrease they have to sign in again. */
  | {
      readonly kind: 'assurance-level-change';
      readonly namespace: string;
      readonly current: string;
      readonly direction?: 'increase' | 'decrease';
    }
  /** What is put into context with its time. A new credential takes `credential-change-required` back. */
  | {
      readonly kind:
        | 'credential-change-required'
        | 'recovery-activated'
        | 'recovery-information-changed'
        | 'profile-change';
    }
  | { readonly kind: 'device-compliance-change'; readonly current: 'compliant' | 'not-compliant' }
  | {
      readonly kind: 'risk-level-change';
      readonly principal: string;
      readonly current: 'LOW' | 'MEDIUM' | 'HIGH';
    };

/** A security signal, already verified and authorized: what the authority acts on. */
export interface Signal {
  /** Unique over all sources; applied once, however often it arrives. */
  readonly id: string;
  readonly source: SignalSource;
  readonly subject: SubjectSelector;
  readonly change: SignalChange;
  /** UNIX milliseconds of the event itself; never later than `receivedAtMs`. */
  readonly occurredAtMs: number;
  /** UNIX milliseconds of its arrival. */
  readonly receivedAtMs: number;
  /**
   * UNIX milliseconds of the event by the clock of its source, where that runs ahead of this one: sign-ins at the
   * same issuer are dated by the same clock. A time more than five minutes after arrival is not believed.
   * `occurredAtMs` by default.
   */
  readonly sourceTimeMs?: number;
  /** The source's words for people. */
  readonly reason?: string;
}
