export { type AuditFailureMode, auditChannel } from './audit/audit-trail.ts';
export type { ChangeHeader, ChangeLog, ChangeRecord, EnforcementPoint } from './changes/change-log.ts';
export type { Approvals, ApprovalTask } from './decide/approvals.ts';
export { SERVER_OBLIGATIONS } from './decide/obligations.ts';
export {
  type ApprovalDiagnostics,
  approvalChannel,
  changeChannel,
  type DecisionDiagnostics,
  decisionChannel,
  type EnforcementDiagnostics,
  enforcementChannel,
  type FaultDiagnostics,
  faultChannel,
  type LifecycleDiagnostics,
  lifecycleChannel,
  type NoticeDiagnostics,
  noticeChannel,
} from './diagnostics.ts';
export { SERVER_ERRORS, type ServerErrorCode } from './errors.ts';
export { HTTP_PATHS } from './http/http-paths.ts';
export { SERVER_LIMITS } from './limits.ts';
export { createRtaServer, type RtaServer } from './rta-server.ts';
export type { AdminOptions, RtaServerOptions, TrustedIssuer } from './rta-server-options.ts';
export { DELEGATE_ACTION } from './sessions/delegation.ts';
export type { EventTransmissionOptions } from './signals/event-transmission.ts';
export type { SecurityEventSource, StreamOptions } from './signals/security-events.ts';
export type { TrustedTransmitter } from './signals/set-deliveries.ts';
