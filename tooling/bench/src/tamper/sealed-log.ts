import { type AuditRecord, type AuditRow, type AuditSigner, createChainWriter } from '@rta/audit';
import { createEd25519Key } from '@rta/token';

/** The key of the node, and that of whoever tampers. */
export const NODE_KEY = createEd25519Key({ keyId: 0, privateKey: new Uint8Array(32).fill(1) });
export const OTHER_KEY = createEd25519Key({ keyId: 0, privateKey: new Uint8Array(32).fill(2) });

const START_MS = Date.UTC(2026, 0, 1);

/** Rows between two checkpoints: a tenth of what a node leaves, so that a short log has many. */
const EVERY_ROWS = 100;

/** A log as a node writes it, sealed up to its last row. */
export function makeSealedLog(recordCount: number): readonly AuditRow[] {
  return sealRecords(
    Array.from({ length: recordCount }, (_, index) => decisionOf(index)),
    NODE_KEY,
  );
}

/** The same, of given records and under a key. */
export function sealRecords(records: readonly AuditRecord[], signer: AuditSigner): readonly AuditRow[] {
  const chain = createChainWriter({ node: 'node-1', signer, everyRows: EVERY_ROWS });
  const rows: (AuditRow | undefined)[] = [chain.seal('start', START_MS)];
  for (const [index, record] of records.entries()) {
    rows.push(chain.add(record, START_MS + index * 20));
    if (chain.isSealDue) rows.push(chain.seal('rows', START_MS + index * 20));
  }
  rows.push(chain.seal('stop', START_MS + records.length * 20));
  return rows.filter((row) => row !== undefined);
}

/** A decision like those that fill a log. */
export function decisionOf(index: number): AuditRecord {
  return {
    kind: 'decision',
    outcome: index % 7 === 0 ? 'deny' : 'permit',
    session: `session-${index % 20}`,
    subject: { issuer: 'https://idp.example', sub: `person-${index % 5}` },
    actors: ['copilot', `agent-${index % 20}`],
    generation: 1,
    action: 'files.read',
    resource: { type: 'File', id: `${index}.txt` },
    cause: 'policy',
    policies: ['policies.cedar#read'],
    policyRevision: 'r1',
    connection: `c-${index % 20}`,
    transport: 'quic',
    request: index,
  };
}

/** The bytes of a log in one file, a row a line. */
export function fileOf(rows: readonly AuditRow[]): Buffer {
  return Buffer.from(
    rows
      .map(({ sequence, hash, line }) => `{"sequence":${sequence},"hash":"${hash}","record":${line}}\n`)
      .join(''),
  );
}
