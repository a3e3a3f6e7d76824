import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** What the audit log says. */
export interface AuditReport {
  readonly records: number;
  /** Whether every row carries the hash of all rows before it. */
  readonly chainHolds: boolean;
  /** Who did what for whom, one line per person, chain of agents, action and outcome. */
  readonly whoDidWhat: readonly {
    readonly person: string;
    readonly agents: string;
    readonly action: string;
    readonly outcome: string;
    readonly times: number;
  }[];
}

interface Row {
  readonly hash: string;
  readonly record: {
    readonly kind: string;
    readonly outcome: string;
    readonly cause?: string;
    readonly subject?: { readonly sub: string };
    readonly actors?: readonly string[];
    readonly action?: string;
  };
}

/** Reads the audit log of the server and checks its chain, as anybody can who has the file. */
export async function readAudit(file: string): Promise<AuditReport> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  const counts = new Map<string, number>();
  let previous = '';
  let chainHolds = true;
  for (const line of lines) {
    const { hash, record } = JSON.parse(line) as Row;
    // The record stands in the row exactly as it was hashed: after the first `"record":`, up to the last brace.
    const text = line.slice(line.indexOf('"record":') + '"record":'.length, -1);
    chainHolds &&=
      createHash('sha256').update(previous).update('\n').update(text).digest('base64url') === hash;
    previous = hash;
    if (record.kind !== 'decision' || record.subject === undefined) continue;
    const { subject, actors = [], action = '(none)', outcome, cause = '' } = record;
    const key = JSON.stringify([
      subject.sub,
      actors.join(' → '),
      action,
      outcome === 'permit' ? outcome : `deny: ${cause}`,
    ]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return {
    records: lines.length,
    chainHolds,
    whoDidWhat: [...counts].map(([key, times]) => {
      const [person, agents, action, outcome] = JSON.parse(key) as [string, string, string, string];
      return { person, agents, action, outcome, times };
    }),
  };
}
