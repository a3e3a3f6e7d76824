import { AUDIT_KINDS, AUDIT_OUTCOMES, type AuditEntry } from './audit-record.ts';
import { auditError } from './errors.ts';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const hasTexts =
  (...names: readonly string[]): Check =>
  (value) =>
    isObject(value) && names.every((name) => isText(value[name]));

const REQUIRED: readonly (readonly [name: string, check: Check])[] = [
  ['sequence', isCount],
  ['atMs', (value) => Number.isFinite(value)],
  ['node', isText],
  ['kind', (value) => AUDIT_KINDS.some((kind) => kind === value)],
  ['outcome', (value) => AUDIT_OUTCOMES.some((outcome) => outcome === value)],
];

const OPTIONAL: readonly (readonly [name: string, check: Check])[] = [
  ['session', isText],
  ['parent', isText],
  ['subject', hasTexts('issuer', 'sub')],
  ['actors', isTexts],
  ['generation', isCount],
  ['action', isText],
  ['resource', hasTexts('type', 'id')],
  ['cause', isText],
  ['policies', isTexts],
  ['policyRevision', isText],
  ['posture', isObject],
  ['connection', isText],
  ['transport', isText],
  ['request', isCount],
  ['change', isText],
  ['txn', isText],
  ['detail', isObject],
  ['checkpoint', isObject],
];

/**
 * Reads the line of a row, whoever wrote it. Members that are not known are left as they are.
 *
 * @throws RtaError `RTA_AUDIT_RECORD`; what the line holds is not shown.
 */
export function parseAuditEntry(line: string): AuditEntry {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch (cause) {
    throw auditError('RTA_AUDIT_RECORD', undefined, { cause });
  }
  if (!isEntry(entry)) throw auditError('RTA_AUDIT_RECORD');
  return entry;
}

function isEntry(value: unknown): value is AuditEntry {
  return (
    isObject(value) &&
    REQUIRED.every(([name, check]) => check(value[name])) &&
    OPTIONAL.every(([name, check]) => value[name] === undefined || check(value[name]))
  );
}
