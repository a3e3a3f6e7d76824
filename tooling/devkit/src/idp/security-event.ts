import { randomUUID } from 'node:crypto';
import type { Clock, JsonObject } from '@rta/core';
import { type CryptoKey, SignJWT } from 'jose';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';

/** Who an event is about: at least one member; several narrow it together (SSF 1.0 §3.3). */
export interface EventTarget {
  readonly sub?: string;
  /** One session at this IdP, by the `sid` of its tokens. */
  readonly sid?: string;
  readonly deviceId?: string;
}

/** What every event can say besides. */
export interface EventNote {
  /** The IdP's words for administrators. */
  readonly reason?: string;
  /** The transaction that the event belongs to; by default one of its own. */
  readonly txn?: string;
}

/** A session was revoked, or with `sub` alone every session of the user. */
export interface SessionRevoked extends EventTarget, EventNote {}

/** The risk of a user changed. */
export interface RiskLevelChange extends EventNote {
  readonly sub: string;
  readonly sid?: string;
  readonly current: 'LOW' | 'MEDIUM' | 'HIGH';
  readonly previous?: 'LOW' | 'MEDIUM' | 'HIGH';
}

/** A device came to follow the rules, or no longer does; with `sub`, only as far as this user is concerned. */
export interface DeviceComplianceChange extends EventNote {
  readonly deviceId: string;
  readonly sub?: string;
  readonly current: 'compliant' | 'not-compliant';
}

/** A user's credential was made, changed or withdrawn. */
export interface CredentialChange extends EventNote {
  readonly sub: string;
  readonly credentialType: string;
  readonly changeType: 'create' | 'revoke' | 'update' | 'delete';
}

/** One event in the terms of the Shared Signals Framework. */
export interface SecurityEvent {
  /** Event type URI. */
  readonly type: string;
  /** Subject identifier (RFC 9493, SSF 1.0 §3), the `sub_id`. */
  readonly subject: JsonObject;
  /** Members of the event, as its type defines them. */
  readonly event: JsonObject;
  readonly txn?: string;
}

/** A signed Security Event Token. */
export interface SignedEvent {
  readonly jti: string;
  /** Compact JWS, `typ` `secevent+jwt`. */
  readonly set: string;
}

/**
 * The subject identifier of a target: `iss_sub` for a user alone, otherwise `complex`.
 *
 * @throws TypeError where the target names nobody.
 */
function subjectOf(issuer: string, target: EventTarget): JsonObject {
  const user = target.sub === undefined ? undefined : { format: 'iss_sub', iss: issuer, sub: target.sub };
  if (target.sid === undefined && target.deviceId === undefined) {
    if (user === undefined) throw new TypeError('an event needs a sub, a sid or a deviceId');
    return user;
  }
  return {
    format: 'complex',
    user,
    session: target.sid === undefined ? undefined : { format: 'opaque', id: target.sid },
    device: target.deviceId === undefined ? undefined : { format: 'opaque', id: target.deviceId },
  };
}

/** A CAEP event: adds the members that CAEP 1.0 §2 has for every type. */
function caepEvent(
  issuer: string,
  clock: Clock,
  name: string,
  described: EventTarget & EventNote,
  members: JsonObject,
): SecurityEvent {
  return {
    type: `${CAEP}${name}`,
    subject: subjectOf(issuer, described),
    event: {
      ...members,
      event_timestamp: Math.floor(clock.now() / 1000),
      reason_admin: described.reason === undefined ? undefined : { en: described.reason },
    },
    ...(described.txn === undefined ? {} : { txn: described.txn }),
  };
}

/** Writes events of one issuer in the terms of CAEP 1.0 §3. */
export function createCaepEvents(issuer: string, clock: Clock) {
  return {
    sessionRevoked: (change: SessionRevoked) => caepEvent(issuer, clock, 'session-revoked', change, {}),
    riskLevelChange: (change: RiskLevelChange) =>
      caepEvent(issuer, clock, 'risk-level-change', change, {
        principal: change.sid === undefined ? 'USER' : 'SESSION',
        current_level: change.current,
        previous_level: change.previous,
        risk_reason: change.reason,
      }),
    deviceComplianceChange: (change: DeviceComplianceChange) =>
      caepEvent(issuer, clock, 'device-compliance-change', change, {
        current_status: change.current,
        previous_status: change.current === 'compliant' ? 'not-compliant' : 'compliant',
      }),
    credentialChange: (change: CredentialChange) =>
      caepEvent(issuer, clock, 'credential-change', change, {
        credential_type: change.credentialType,
        change_type: change.changeType,
      }),
  };
}

/**
 * Signs an event as a Security Event Token, RS256, fresh `jti`.
 *
 * @see RFC 8417 §2; SSF 1.0 §4.1 (`typ`, no `sub`, no `exp`)
 */
export async function signEvent(
  event: SecurityEvent,
  options: {
    readonly issuer: string;
    readonly audience: string;
    readonly key: CryptoKey;
    readonly kid: string;
    readonly clock: Clock;
  },
): Promise<SignedEvent> {
  const jti = randomUUID();
  const set = await new SignJWT({
    iss: options.issuer,
    aud: options.audience,
    iat: Math.floor(options.clock.now() / 1000),
    jti,
    txn: event.txn ?? randomUUID(),
    sub_id: event.subject,
    events: { [event.type]: event.event },
  })
    .setProtectedHeader({ alg: 'RS256', typ: 'secevent+jwt', kid: options.kid })
    .sign(options.key);
  return { jti, set };
}
