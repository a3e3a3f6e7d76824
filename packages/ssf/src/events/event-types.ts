const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
const SSF = 'https://schemas.openid.net/secevent/ssf/event-type/';
const SCIM = 'urn:ietf:params:scim:event:';
const OAUTH = 'https://schemas.openid.net/secevent/oauth/event-type/';

/** Event types of the Continuous Access Evaluation Profile. @see CAEP 1.0 §3 */
export const CAEP_EVENTS = {
  sessionRevoked: `${CAEP}session-revoked`,
  tokenClaimsChange: `${CAEP}token-claims-change`,
  credentialChange: `${CAEP}credential-change`,
  assuranceLevelChange: `${CAEP}assurance-level-change`,
  deviceComplianceChange: `${CAEP}device-compliance-change`,
  sessionEstablished: `${CAEP}session-established`,
  sessionPresented: `${CAEP}session-presented`,
  riskLevelChange: `${CAEP}risk-level-change`,
} as const;

/** Event types of the RISC profile; `sessionsRevoked` is deprecated there, and still sent. @see RISC 1.0 §2 */
export const RISC_EVENTS = {
  accountCredentialChangeRequired: `${RISC}account-credential-change-required`,
  accountPurged: `${RISC}account-purged`,
  accountDisabled: `${RISC}account-disabled`,
  accountEnabled: `${RISC}account-enabled`,
  identifierChanged: `${RISC}identifier-changed`,
  identifierRecycled: `${RISC}identifier-recycled`,
  credentialCompromise: `${RISC}credential-compromise`,
  optIn: `${RISC}opt-in`,
  optOutInitiated: `${RISC}opt-out-initiated`,
  optOutCancelled: `${RISC}opt-out-cancelled`,
  optOutEffective: `${RISC}opt-out-effective`,
  recoveryActivated: `${RISC}recovery-activated`,
  recoveryInformationChanged: `${RISC}recovery-information-changed`,
  sessionsRevoked: `${RISC}sessions-revoked`,
} as const;

/** Events of a stream itself. @see SSF 1.0 §8.1.4, §8.1.5 */
export const SSF_EVENTS = {
  verification: `${SSF}verification`,
  streamUpdated: `${SSF}stream-updated`,
} as const;

/** Event types of the SCIM profile. @see RFC 9967 §2 */
export const SCIM_EVENTS = {
  feedAdd: `${SCIM}feed:add`,
  feedRemove: `${SCIM}feed:remove`,
  createNotice: `${SCIM}prov:create:notice`,
  createFull: `${SCIM}prov:create:full`,
  patchNotice: `${SCIM}prov:patch:notice`,
  patchFull: `${SCIM}prov:patch:full`,
  putNotice: `${SCIM}prov:put:notice`,
  putFull: `${SCIM}prov:put:full`,
  delete: `${SCIM}prov:delete`,
  activate: `${SCIM}prov:activate`,
  deactivate: `${SCIM}prov:deactivate`,
  asyncResponse: `${SCIM}misc:asyncresp`,
} as const;

/** Event types of a draft that was never finished, and that Google still sends. They need the switch `legacy`. */
export const OAUTH_EVENTS = {
  tokensRevoked: `${OAUTH}tokens-revoked`,
} as const;
