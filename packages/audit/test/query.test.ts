import { describe, expect, test } from 'vitest';
import { type AuditEntry, type AuditQuery, createAuditFilter, createSessionLineage } from '../src/index.ts';

const alice = { issuer: 'https://idp.example', sub: 'alice' };
const at = (sequence: number, members: Partial<AuditEntry>): AuditEntry => ({
  sequence,
  atMs: 1_000 * sequence,
  node: 'node-1',
  kind: 'decision',
  outcome: 'permit',
  ...members,
});

/** Alice's co-pilot, its agent, that one's agent, and somebody of the same name at another provider. */
const ENTRIES: readonly AuditEntry[] = [
  at(1, { kind: 'exchange', outcome: 'ok', session: 's1', subject: alice, actors: ['copilot'] }),
  at(2, {
    kind: 'delegation',
    outcome: 'ok',
    session: 's2',
    parent: 's1',
    subject: alice,
    actors: ['copilot', 'coder'],
  }),
  at(3, {
    session: 's3',
    parent: 's2',
    subject: alice,
    actors: ['copilot', 'coder', 'tester'],
    action: 'tests.run',
  }),
  at(4, {
    session: 's2',
    parent: 's1',
    subject: alice,
    actors: ['copilot', 'coder'],
    outcome: 'deny',
    cause: 'not-granted',
  }),
  at(5, { session: 's9', subject: { issuer: 'https://other.example', sub: 'alice' }, actors: ['coder'] }),
  at(6, { kind: 'change', outcome: 'ok', session: 's1', subject: alice, change: 'c-1', txn: 't-1' }),
  at(7, { session: 's1', subject: alice, resource: { type: 'File', id: 'a.txt' }, connection: 'c7' }),
  at(8, { kind: 'refusal', outcome: 'refused', cause: 'wrong-connection' }),
];

function found(query: AuditQuery, withLineage = false): number[] {
  const lineage = createSessionLineage();
  for (const entry of ENTRIES.toReversed()) lineage.add(entry);
  const isWanted = withLineage ? createAuditFilter(query, lineage) : createAuditFilter(query);
  return ENTRIES.filter(isWanted).map(({ sequence }) => sequence);
}

describe('a query', () => {
  test.each<[what: string, query: AuditQuery, sequences: number[]]>([
    ['nothing in particular', {}, [1, 2, 3, 4, 5, 6, 7, 8]],
    ['a person, with all that agents did for them', { person: { sub: 'alice' } }, [1, 2, 3, 4, 5, 6, 7]],
    ['a person of one issuer', { person: alice }, [1, 2, 3, 4, 6, 7]],
    ['an agent anywhere in the chain', { agent: 'coder' }, [2, 3, 4, 5]],
    ['an agent that acted itself', { actor: 'coder' }, [2, 4, 5]],
    ['a session alone', { session: 's2' }, [2, 4]],
    ['kinds', { kinds: ['exchange', 'delegation'] }, [1, 2]],
    ['outcomes', { outcomes: ['deny', 'refused'] }, [4, 8]],
    ['a cause', { cause: 'not-granted' }, [4]],
    ['a change', { change: 'c-1' }, [6]],
    ['a transaction', { txn: 't-1' }, [6]],
    ['a connection', { connection: 'c7' }, [7]],
    ['an action', { action: 'tests.run' }, [3]],
    ['a resource', { resourceType: 'File', resourceId: 'a.txt' }, [7]],
    ['a time, its end excluded', { fromMs: 2_000, toMs: 4_000 }, [2, 3]],
    ['two things at once', { agent: 'coder', outcomes: ['permit'] }, [3, 5]],
  ])('finds %s', (_, query, sequences) => {
    expect(found(query)).toEqual(sequences);
  });

  test('by session finds all that was delegated from it, at any depth, in whatever order it was read', () => {
    expect(found({ session: 's1' }, true)).toEqual([1, 2, 3, 4, 6, 7]);
    expect(found({ session: 's2' }, true)).toEqual([2, 3, 4]);
    expect(found({ session: 's3' }, true)).toEqual([3]);
  });

  test('comes to an end where a forged log has a circle', () => {
    const lineage = createSessionLineage();
    lineage.add(at(1, { session: 'a', parent: 'b' }));
    lineage.add(at(2, { session: 'b', parent: 'a' }));
    expect([...lineage.descendantsOf('a')]).toEqual(['a', 'b']);
  });
});
