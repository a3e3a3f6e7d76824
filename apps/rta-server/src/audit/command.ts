import { once } from 'node:events';
import { type AuditRow, toOcsf } from '@rta/audit';
import { openAuditFiles } from '@rta/store-file';
import { loadConfig } from '../config.ts';
import { type AuditRequest, parseAuditArguments } from './arguments.ts';
import { publicKeyFile, readAuditKeys } from './audit-key.ts';
import { AUDIT_HELP } from './help.ts';
import { describeEntry, type Selected, selectRows } from './select.ts';
import { describeVerification, verifyLog } from './verify.ts';

/**
 * Runs `rta-server audit …`.
 *
 * @param argv - what stands behind `audit`.
 * @returns the exit code.
 * @throws TypeError with a `code` for what is not understood; RtaError for what cannot be read.
 */
export async function runAudit(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const request = parseAuditArguments(argv, environment['RTA_CONFIG'] ?? 'rta.yaml');
  if (request.command === 'help') {
    process.stdout.write(AUDIT_HELP);
    return 0;
  }
  const log = await logOf(request, environment);
  if (request.command === 'verify') {
    const keyFile = request.keyFile ?? log.keyFile;
    const keys = keyFile === undefined ? undefined : await readAuditKeys(keyFile);
    const result = await verifyLog(log.file, keys, request.expect);
    process.stdout.write(request.isJson ? `${JSON.stringify(result)}\n` : describeVerification(result));
    return result.ok ? 0 : 1;
  }
  await print(log.file, request, request.command === 'query' ? queryLine(request) : exportLine(request));
  return 0;
}

/** The log that is meant, and the public keys that are known for it. */
async function logOf(
  { file, config }: AuditRequest,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly file: string; readonly keyFile: string | undefined }> {
  if (file !== undefined) return { file, keyFile: undefined };
  const { audit } = await loadConfig(config, environment);
  return { file: audit.file, keyFile: publicKeyFile(audit.keyFile) };
}

function queryLine({ isJson }: AuditRequest): (selected: Selected) => string {
  return ({ row, entry }) => (isJson ? row.line : describeEntry(entry));
}

function exportLine({ format }: AuditRequest): (selected: Selected) => string {
  return ({ row, entry }) => (format === 'ocsf' ? JSON.stringify(toOcsf(entry)) : rowText(row));
}

/** A row as it stands in the log: an export of all rows verifies like the log itself. */
function rowText({ sequence, hash, line }: AuditRow): string {
  return `{"sequence":${sequence},"hash":${JSON.stringify(hash)},"record":${line}}`;
}

async function print(
  file: string,
  request: AuditRequest,
  lineOf: (selected: Selected) => string,
): Promise<void> {
  await using files = await openAuditFiles(file);
  // As `head` does it: whoever reads our output may have had enough.
  process.stdout.once('error', () => process.exit());
  let left = request.command === 'query' ? request.limit : Number.POSITIVE_INFINITY;
  let unreadable = 0;
  for await (const selected of selectRows(files, request, () => (unreadable += 1))) {
    // Whoever reads our output may be slower than the disk.
    if (!process.stdout.write(`${lineOf(selected)}\n`)) await once(process.stdout, 'drain');
    left -= 1;
    if (left === 0) break;
  }
  if (unreadable > 0) process.stderr.write(`${unreadable} line(s) hold no record: verify the log\n`);
}
