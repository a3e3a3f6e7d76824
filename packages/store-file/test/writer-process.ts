import { isRtaError } from '@rta/core';
import { openFileAuditLog } from '../src/index.ts';

// Appends rows of a kilobyte until the log refuses, then once more; says what happened. Its parent limits its files.
const [path = ''] = process.argv.slice(2);
await using log = await openFileAuditLog(path);
const codes: string[] = [];
let sequence = 1;
while (codes.length < 2) {
  const rows = [0, 1, 2].map((offset) => ({
    sequence: sequence + offset,
    line: JSON.stringify({ text: 'x'.repeat(1_000) }),
    hash: `hash-${sequence + offset}`,
  }));
  try {
    await log.append(rows);
    sequence += rows.length;
  } catch (error) {
    codes.push(isRtaError(error) ? error.code : String(error));
  }
}
process.stdout.write(JSON.stringify({ codes, last: (await log.last())?.sequence }));
