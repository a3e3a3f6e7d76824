import type { SignalChange } from '@rta/authority';
import { canonicalJson, type JsonObject, type JsonValue } from '@rta/core';
import {
  CAEP_EVENTS,
  type EventValue,
  type KnownEvent,
  OAUTH_EVENTS,
  RISC_EVENTS,
  SCIM_EVENTS,
} from '@rta/ssf';
import { SERVER_LIMITS } from '../../limits.ts';
import { scimActive } from './scim-active.ts';
import type { SubjectMeaning } from './scope.ts';

/** What one event says of its subject. */
export interface Meaning {
  /** Each is a signal of its own; `part` tells it from the first one of its event. Without any, it is only kept on record. */
  readonly changes: readonly { readonly part: string; readonly change: SignalChange }[];
  /** What a simple subject is the name of. */
  readonly subject: SubjectMeaning;
  /** Formats that the subject must have; any by default. */
  readonly formats?: readonly string[];
}

const CUT_OFF: SignalChange = { kind: 'session-revoked' };
const RECORDED: Meaning = { changes: [], subject: 'user' };
const REVOKED = ofUser(CUT_OFF);
/** Their sessions are found by a name that is theirs no longer: later events would miss them. */
const IDENTIFIER: Meaning = { ...REVOKED, formats: ['email', 'phone_number'] };

function ofUser(change: SignalChange, subject: SubjectMeaning = 'user'): Meaning {
  return { changes: [{ part: '', change }], subject };
}

/** Ends what there is, and keeps what would come. */
function accountLost(current: 'disabled' | 'purged'): Meaning {
  return {
    changes: [
      { part: '', change: CUT_OFF },
      { part: '#account', change: { kind: 'account', current } },
    ],
    subject: 'user',
  };
}

const ENABLED = ofUser({ kind: 'account', current: 'enabled' });
const PROFILE = ofUser({ kind: 'profile-change' });

/**
 * What an event means; docs/security-events.md has the table.
 *
 * @returns undefined for an event about a stream, or with more than is taken in: then it has no effect.
 */
export function meaningOf(event: KnownEvent): Meaning | undefined {
  switch (event.type) {
    case CAEP_EVENTS.sessionRevoked:
    case RISC_EVENTS.sessionsRevoked:
    case OAUTH_EVENTS.tokensRevoked:
      return REVOKED;
    case CAEP_EVENTS.credentialChange: {
      const { credential_type: credentialType, change_type: changeType } = event.value;
      return ofUser({ kind: 'credential-change', credentialType, changeType });
    }
    case RISC_EVENTS.credentialCompromise:
      return ofUser({
        kind: 'credential-change',
        credentialType: event.value.credential_type,
        changeType: 'revoke',
      });
    case RISC_EVENTS.accountCredentialChangeRequired:
      return ofUser({ kind: 'credential-change-required' });
    case CAEP_EVENTS.deviceComplianceChange:
      // A simple subject is the user whose device it is, as the CAEP interoperability profile has it.
      return ofUser({ kind: 'device-compliance-change', current: event.value.current_status });
    case CAEP_EVENTS.riskLevelChange: {
      const { principal, current_level: current } = event.value;
      return ofUser({ kind: 'risk-level-change', principal, current }, PRINCIPALS.get(principal) ?? 'other');
    }
    case CAEP_EVENTS.tokenClaimsChange:
      return claimsMeaning(event.value.claims);
    case CAEP_EVENTS.assuranceLevelChange:
      return ofUser(assuranceChange(event.value));
    case RISC_EVENTS.accountDisabled:
    case SCIM_EVENTS.deactivate:
    case SCIM_EVENTS.delete:
      return accountLost('disabled');
    case RISC_EVENTS.accountPurged:
      return accountLost('purged');
    case RISC_EVENTS.accountEnabled:
    case SCIM_EVENTS.activate:
      return ENABLED;
    case SCIM_EVENTS.patchFull:
    case SCIM_EVENTS.putFull: {
      const active = scimActive(event.value.data);
      if (active === undefined) return PROFILE;
      return active ? ENABLED : accountLost('disabled');
    }
    case SCIM_EVENTS.patchNotice:
    case SCIM_EVENTS.putNotice:
      return PROFILE;
    case RISC_EVENTS.identifierChanged:
    case RISC_EVENTS.identifierRecycled:
      return IDENTIFIER;
    case RISC_EVENTS.recoveryActivated:
      return ofUser({ kind: 'recovery-activated' });
    case RISC_EVENTS.recoveryInformationChanged:
      return ofUser({ kind: 'recovery-information-changed' });
    case CAEP_EVENTS.sessionEstablished:
    case CAEP_EVENTS.sessionPresented:
    case RISC_EVENTS.optIn:
    case RISC_EVENTS.optOutInitiated:
    case RISC_EVENTS.optOutCancelled:
    case RISC_EVENTS.optOutEffective:
    case SCIM_EVENTS.feedAdd:
    case SCIM_EVENTS.feedRemove:
    case SCIM_EVENTS.createNotice:
    case SCIM_EVENTS.createFull:
    case SCIM_EVENTS.asyncResponse:
      return RECORDED;
    default:
      return undefined;
  }
}

const PRINCIPALS: ReadonlyMap<string, SubjectMeaning> = new Map([
  ['USER', 'user'],
  ['DEVICE', 'device'],
  ['SESSION', 'session'],
  ['TENANT', 'tenant'],
]);

/** Each claim is a matter of its own: an event that changes one says nothing of the others. */
function claimsMeaning(claims: JsonObject): Meaning | undefined {
  const entries = Object.entries(claims);
  if (entries.length > SERVER_LIMITS.maxChangedClaims) return undefined;
  const changes: { part: string; change: SignalChange }[] = [];
  for (const [index, [name, value = null]] of entries.entries()) {
    if (depthOf(value) > SERVER_LIMITS.maxChangedClaimDepth) return undefined;
    if (canonicalJson([name, value]).byteLength > SERVER_LIMITS.maxChangedClaimBytes) return undefined;
    changes.push({
      part: index === 0 ? '' : `#claim-${index + 1}`,
      change: { kind: 'token-claims-change', name, value },
    });
  }
  return { changes, subject: 'user' };
}

/** Tokens nest so little that this recursion is short. */
function depthOf(value: JsonValue | undefined): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function assuranceChange(
  value: EventValue<typeof CAEP_EVENTS.assuranceLevelChange>,
): Extract<SignalChange, { kind: 'assurance-level-change' }> {
  const { namespace, current_level: current, previous_level: previous } = value;
  const direction = value.change_direction ?? directionOf(previous, current);
  return {
    kind: 'assurance-level-change',
    namespace,
    current,
    ...(direction === undefined ? {} : { direction }),
  };
}

/** Levels of the usual lists end in a number: `nist-aal2`. Of others only their list knows which is more. */
function directionOf(previous: string | undefined, current: string): 'increase' | 'decrease' | undefined {
  const [, from, fromLevel] = LEVEL.exec(previous ?? '') ?? [];
  const [, to, toLevel] = LEVEL.exec(current) ?? [];
  if (from === undefined || to === undefined || from.toLowerCase() !== to.toLowerCase()) return undefined;
  if (fromLevel === toLevel) return undefined;
  return Number(toLevel) > Number(fromLevel) ? 'increase' : 'decrease';
}

const LEVEL = /^(\D*)(\d{1,3})$/;
