export { type AgentKey, generateAgentKey, importAgentKey } from './agent-key.ts';
export type {
  ActionDecision,
  ActionRequest,
  AgentSession,
  DelegatedSession,
  DelegationRequest,
  SessionEvents,
} from './agent-session.ts';
export { type ConnectOptions, connect } from './connect.ts';
export { SDK_ERRORS, type SdkErrorCode } from './errors.ts';
export { SDK_LIMITS } from './limits.ts';
export { type BindOptions, createRtaClient, type ExchangeOptions, type RtaClient } from './rta-client.ts';
