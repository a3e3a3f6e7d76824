import { createEd25519Key } from '@rta/token';
import { type AuditRecord, type AuditRow, type ChainPlace, createChainWriter } from '../src/index.ts';

/** The key of the nodes in these tests, and that of somebody else. */
export const signer = createEd25519Key({
  keyId: 1,
  privateKey: Uint8Array.from({ length: 32 }, (_, i) => i + 1),
});
export const stranger = createEd25519Key({
  keyId: 1,
  privateKey: Uint8Array.from({ length: 32 }, (_, i) => i + 2),
});

export const START_MS = 1_767_225_600_000;

export const decision = (index: number): AuditRecord => ({
  kind: 'decision',
  outcome: index % 3 === 0 ? 'deny' : 'permit',
  action: `files.read${index}`,
});

/** A log as a node writes it: it starts, records, seals every `everyRows` rows, and ends in order. */
export function makeLog(options: {
  readonly count: number;
  readonly everyRows?: number;
  readonly key?: typeof signer | undefined;
  readonly last?: ChainPlace;
  readonly isEnded?: boolean;
  readonly fromMs?: number;
}): AuditRow[] {
  const { count, everyRows = 10, last, isEnded = true, fromMs = START_MS } = options;
  const key = 'key' in options ? options.key : signer;
  const chain = createChainWriter({ last, node: 'node-1', signer: key, everyRows });
  const rows: (AuditRow | undefined)[] = [chain.seal('start', fromMs)];
  for (let index = 1; index <= count; index += 1) {
    rows.push(chain.add(decision(index), fromMs + index));
    if (chain.isSealDue) rows.push(chain.seal('rows', fromMs + index));
  }
  if (isEnded) rows.push(chain.seal('stop', fromMs + count));
  return rows.filter((row) => row !== undefined);
}
