import { type AuditFinding, type AuditVerification, CHAIN_START, createAuditVerifier } from '@rta/audit';
import { openAuditFiles } from '@rta/store-file';
import type { AuditRequest } from './arguments.ts';
import { createProgress } from './progress.ts';

/** Verifies all files of a log. */
export async function verifyLog(
  file: string,
  trustedKeys: readonly Uint8Array[] | undefined,
  expect: AuditRequest['expect'],
): Promise<AuditVerification> {
  await using files = await openAuditFiles(file);
  const verifier = createAuditVerifier({
    ...(trustedKeys === undefined ? {} : { trustedKeys }),
    // A file that goes on from another one says so in its first line: without it, the log begins with row 1.
    after: files.after ?? CHAIN_START,
    expect,
  });
  const progress = createProgress(files.bytes);
  for await (const line of files.lines()) {
    progress.add(line.bytes);
    if (line.row !== undefined) verifier.push(line.row);
    else
      verifier.pushUnreadable(line.isCutOff ? 'cut-off' : 'malformed', `${line.file}, byte ${line.atBytes},`);
  }
  progress.end();
  return verifier.finish();
}

/** A verification, for people. */
export function describeVerification(result: AuditVerification): string {
  const { ok, rowCount, firstSequence, last, sealed, checkpointCount, lostCount, findings } = result;
  const { faultCount, noteCount } = result;
  const untold = faultCount + noteCount - findings.length;
  return [
    ok ? 'The log is as it was written.' : `The log was tampered with: ${faultCount} finding(s).`,
    `  rows         ${rowCount}${rowCount === 0 ? '' : `, ${firstSequence} to ${last.sequence}`}`,
    `  sealed up to ${sealed.sequence} by ${checkpointCount} checkpoint(s)`,
    ...(lostCount === 0 ? [] : [`  lost         ${lostCount} record(s), as the node itself says`]),
    ...(ok && rowCount > 0
      ? [`  note this    --expect-sequence ${last.sequence} --expect-hash ${last.hash}`]
      : []),
    ...findings.map(describeFinding),
    ...(untold > 0 ? [`  … and ${untold} more`] : []),
    '',
  ].join('\n');
}

function describeFinding({ severity, kind, sequence, toSequence, message }: AuditFinding): string {
  const place =
    toSequence === undefined || toSequence === sequence ? `${sequence}` : `${sequence}–${toSequence}`;
  return `  ${severity}  row ${place}  ${kind}: ${message}`;
}
