export { type AuditFailureMode, auditChannel } from './audit/audit-trail.ts';
export {
  type DecisionDiagnostics,
  decisionChannel,
  type EnforcementDiagnostics,
  enforcementChannel,
  type FaultDiagnostics,
  faultChannel,
  type LifecycleDiagnostics,
  lifecycleChannel,
} from './diagnostics.ts';
export { SERVER_ERRORS, type ServerErrorCode } from './errors.ts';
export { HTTP_PATHS } from './http/http-app.ts';
export { SERVER_LIMITS } from './limits.ts';
export { createRtaServer, type RtaServer, type RtaServerOptions, type TrustedIssuer } from './rta-server.ts';
