import { writeFile } from 'node:fs/promises';
import {
  type AuditRow,
  type AuditVerification,
  type AuditVerifierOptions,
  CHAIN_START,
  createAuditVerifier,
} from '@rta/audit';
import { openAuditFiles } from '@rta/store-file';
import { fileOf, NODE_KEY } from './sealed-log.ts';
import type { Pick, Tampering } from './tamperings.ts';

/** How often a way to tamper was tried, and how often that was found. */
export interface TamperTally {
  readonly tried: number;
  readonly found: number;
}

/**
 * Tampers with a log so many times, each time with the log as it was written, and verifies what came of it: from a
 * file, as the command does, with the public key of the node.
 */
export async function tamperWith(options: {
  readonly rows: readonly AuditRow[];
  readonly tampering: Tampering;
  readonly times: number;
  /** Whether the last row was noted before. */
  readonly isAnchored: boolean;
  readonly pick: Pick;
  readonly file: string;
}): Promise<TamperTally> {
  const { rows, tampering, times, isAnchored, pick, file } = options;
  const last = rows.at(-1);
  const expect =
    isAnchored && last !== undefined ? { expect: { sequence: last.sequence, hash: last.hash } } : {};
  let found = 0;
  for (let tried = 0; tried < times; tried += 1) {
    await writeFile(file, tampering.apply(rows, pick));
    const { ok } = await verifyFile(file, expect);
    if (!ok) found += 1;
  }
  return { tried: times, found };
}

/** Verifies the log that nobody touched: what finds something everywhere finds nothing. */
export async function verifyUntouched(rows: readonly AuditRow[], file: string): Promise<AuditVerification> {
  await writeFile(file, fileOf(rows));
  return verifyFile(file, {});
}

async function verifyFile(file: string, options: AuditVerifierOptions): Promise<AuditVerification> {
  await using files = await openAuditFiles(file);
  const verifier = createAuditVerifier({
    trustedKeys: [NODE_KEY.publicKey],
    after: files.after ?? CHAIN_START,
    ...options,
  });
  for await (const { row, isCutOff } of files.lines()) {
    if (row === undefined) verifier.pushUnreadable(isCutOff ? 'cut-off' : 'malformed', file);
    else verifier.push(row);
  }
  return verifier.finish();
}

/** A row of numbers that looks random and is the same in each run (a linear congruential generator). */
export function createPick(seed: number): Pick {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
