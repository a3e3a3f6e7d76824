export { type FileAuditLog, openFileAuditLog } from './file-audit-log.ts';
