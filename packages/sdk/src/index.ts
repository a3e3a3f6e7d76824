export {
  type ActionDecision,
  type ActionDenial,
  type ActionPermit,
  type ActionRequest,
  type ApprovalDenial,
  DENIAL_REMEDIES,
  type DenialCause,
  type StepUpDenial,
} from './action-decision.ts';
export { type AgentKey, generateAgentKey, importAgentKey } from './agent-key.ts';
export type { AgentSession, AuthorizeOptions, ContextChange, SessionEvents } from './agent-session.ts';
export { type ConnectOptions, connect } from './connect.ts';
export type {
  DelegatedSession,
  DelegationRequest,
  Descendant,
  NarrowedSession,
  NarrowRequest,
} from './descendants.ts';
export { type SdkDiagnostic, sdkDiagnostics } from './diagnostics.ts';
export type { DialOptions, TransportName } from './dialer.ts';
export type { Endpoint } from './endpoint.ts';
export { SDK_ERRORS, type SdkErrorCode } from './errors.ts';
export { SDK_LIMITS } from './limits.ts';
export { type Resumed, type ResumeOptions, resume } from './resume.ts';
export {
  type BindOptions,
  type ClientEvents,
  createRtaClient,
  type ExchangeOptions,
  type RtaClient,
} from './rta-client.ts';
export type { SavedSession } from './saved-session.ts';
export { createTicketStore, type TicketStore } from './ticket-store.ts';
