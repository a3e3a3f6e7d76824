export { type AuditFiles, type AuditLine, openAuditFiles } from './audit-files.ts';
export { type FileAuditLog, type FileAuditLogOptions, openFileAuditLog } from './file-audit-log.ts';
export { STORE_FILE_LIMITS } from './limits.ts';
export { readBack } from './read-back.ts';
