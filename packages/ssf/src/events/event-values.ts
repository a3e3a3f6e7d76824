import type { JsonObject } from '@rta/core';
import type {
  CAEP_EVENTS as CAEP,
  OAUTH_EVENTS as OAUTH,
  RISC_EVENTS as RISC,
  SCIM_EVENTS as SCIM,
  SSF_EVENTS as SSF,
} from './event-types.ts';

/** Words for people by language tag (BCP 47). */
type LocalizedText = Readonly<Record<string, string>>;

/** Members that every CAEP event may have. @see CAEP 1.0 §2 */
interface CaepMembers {
  /** UNIX seconds, possibly with a fraction, possibly in the future. */
  readonly event_timestamp?: number;
  readonly initiating_entity?: 'admin' | 'user' | 'policy' | 'system';
  readonly reason_admin?: LocalizedText;
  readonly reason_user?: LocalizedText;
}

/** Members that transmitters send with RISC events. */
interface RiscMembers {
  readonly event_timestamp?: number | undefined;
  readonly reason_admin?: LocalizedText | undefined;
  readonly reason_user?: LocalizedText | undefined;
}

/** Members that SCIM events may have; `version` is the `ETag` of the resource. */
interface ScimMembers {
  readonly event_timestamp?: number | undefined;
  readonly version?: string | undefined;
}

/** That attributes of a resource have a value, or have another one. */
interface ScimNotice extends ScimMembers {
  readonly attributes?: readonly string[];
}

/** The resource, or what was asked to be changed of it. */
interface ScimFull extends ScimMembers {
  readonly data: JsonObject;
}

type Compliance = 'compliant' | 'not-compliant';
type RiskLevel = 'LOW' | 'MEDIUM' | 'HIGH';

/** Members of each event, by the URI of its type and by the names of its specification. */
export interface EventValues {
  readonly [CAEP.sessionRevoked]: CaepMembers;
  /** `claims`: names and new values. */
  readonly [CAEP.tokenClaimsChange]: CaepMembers & { readonly claims: JsonObject };
  readonly [CAEP.credentialChange]: CaepMembers & {
    readonly credential_type: string;
    readonly change_type: 'create' | 'revoke' | 'update' | 'delete';
    readonly friendly_name?: string | undefined;
    readonly x509_issuer?: string | undefined;
    readonly x509_serial?: string | undefined;
    readonly fido2_aaguid?: string | undefined;
  };
  readonly [CAEP.assuranceLevelChange]: CaepMembers & {
    readonly namespace: string;
    readonly current_level: string;
    readonly previous_level?: string;
    readonly change_direction?: 'increase' | 'decrease';
  };
  readonly [CAEP.deviceComplianceChange]: CaepMembers & {
    readonly previous_status: Compliance;
    readonly current_status: Compliance;
  };
  readonly [CAEP.sessionEstablished]: CaepMembers & {
    readonly fp_ua?: string | undefined;
    readonly acr?: string | undefined;
    readonly amr?: readonly string[] | undefined;
    readonly ext_id?: string | undefined;
  };
  readonly [CAEP.sessionPresented]: CaepMembers & {
    readonly fp_ua?: string | undefined;
    readonly ext_id?: string | undefined;
  };
  readonly [CAEP.riskLevelChange]: CaepMembers & {
    /** `USER`, `DEVICE`, `SESSION`, `TENANT`, `ORG_UNIT`, `GROUP`, or another. */
    readonly principal: string;
    readonly current_level: RiskLevel;
    readonly previous_level?: RiskLevel;
    readonly risk_reason?: string | undefined;
  };
  /** `reason`: `hijacking`, `bulk-account`, or another. */
  readonly [RISC.accountDisabled]: RiscMembers & { readonly reason?: string | undefined };
  readonly [RISC.identifierChanged]: RiscMembers & { readonly 'new-value'?: string | undefined };
  readonly [RISC.credentialCompromise]: CaepMembers & { readonly credential_type: string };
  readonly [RISC.accountCredentialChangeRequired]: RiscMembers;
  readonly [RISC.accountPurged]: RiscMembers;
  readonly [RISC.accountEnabled]: RiscMembers;
  readonly [RISC.identifierRecycled]: RiscMembers;
  readonly [RISC.optIn]: RiscMembers;
  readonly [RISC.optOutInitiated]: RiscMembers;
  readonly [RISC.optOutCancelled]: RiscMembers;
  readonly [RISC.optOutEffective]: RiscMembers;
  readonly [RISC.recoveryActivated]: RiscMembers;
  readonly [RISC.recoveryInformationChanged]: RiscMembers;
  readonly [RISC.sessionsRevoked]: RiscMembers;
  readonly [OAUTH.tokensRevoked]: RiscMembers;
  readonly [SSF.verification]: { readonly state?: string };
  readonly [SSF.streamUpdated]: {
    readonly status: 'enabled' | 'paused' | 'disabled';
    readonly reason?: string | undefined;
  };
  readonly [SCIM.feedAdd]: ScimMembers;
  readonly [SCIM.feedRemove]: ScimMembers;
  readonly [SCIM.createNotice]: ScimNotice;
  readonly [SCIM.createFull]: ScimFull;
  readonly [SCIM.patchNotice]: ScimNotice;
  readonly [SCIM.patchFull]: ScimFull;
  readonly [SCIM.putNotice]: ScimNotice;
  readonly [SCIM.putFull]: ScimFull;
  readonly [SCIM.delete]: ScimMembers;
  readonly [SCIM.activate]: ScimMembers;
  readonly [SCIM.deactivate]: ScimMembers;
  readonly [SCIM.asyncResponse]: ScimMembers;
}
