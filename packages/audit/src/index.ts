export { type AuditSigner, auditKeyId, auditKeySet, parseAuditKeySet } from './audit-key.ts';
export {
  AUDIT_KINDS,
  AUDIT_OUTCOMES,
  type AuditEntry,
  type AuditKind,
  type AuditOutcome,
  type AuditPlace,
  type AuditPosture,
  type AuditRecord,
  type CheckpointCause,
  type CheckpointClaim,
} from './audit-record.ts';
export { type AuditRow, auditHash, CHAIN_START, type ChainPlace } from './chain.ts';
export { type ChainWriter, type ChainWriterOptions, createChainWriter } from './chain-writer.ts';
export { AUDIT_ERRORS, type AuditErrorCode } from './errors.ts';
export type { AuditFaultKind, AuditFinding, AuditNoteKind } from './findings.ts';
export { AUDIT_LIMITS } from './limits.ts';
export { OCSF_VERSION, toOcsf } from './ocsf.ts';
export { parseAuditEntry } from './parse-entry.ts';
export { type AuditQuery, createAuditFilter } from './query.ts';
export { createSessionLineage, type SessionLineage } from './session-lineage.ts';
export {
  type AuditVerification,
  type AuditVerifier,
  type AuditVerifierOptions,
  createAuditVerifier,
} from './verifier.ts';
