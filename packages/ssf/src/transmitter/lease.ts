import type { Clock } from '@rta/core';
import type { Records } from '@rta/store';
import { SSF_TRANSMITTER_LIMITS } from './transmitter-limits.ts';

/** Which node pushes the events of a stream, where several share the store. */
export interface Leases {
  /** Whether this node may push now; it may for a while then. */
  hold(stream: string): Promise<boolean>;
  /** Lets others push at once. */
  release(stream: string): Promise<void>;
}

/** For a store that nobody else uses. */
export const NO_LEASES: Leases = { hold: async () => true, release: async () => {} };

/**
 * Makes leases in a shared store. They keep nodes out of each other's way; that an event has one effect does not rest
 * on them, since receivers know a token that comes twice by its `jti`.
 *
 * @param node - a node that comes back under the same name goes on with its leases at once.
 */
export function createLeases(options: {
  readonly records: Records;
  readonly node: string;
  readonly clock: Clock;
}): Leases {
  const { records, node, clock } = options;
  const { leaseMs } = SSF_TRANSMITTER_LIMITS;
  const renewedMs = new Map<string, number>();

  return {
    async hold(stream) {
      const before = renewedMs.get(stream);
      // Half of it is left: a push that begins now ends within.
      if (before !== undefined && clock.monotonicMs() - before < leaseMs / 2) return true;
      const startedMs = clock.monotonicMs();
      const now = await records.update(keyOf(stream), (record) => {
        const isTaken = record !== undefined && record['node'] !== node;
        return isTaken ? { record } : { record: { node }, expiresAtMs: clock.now() + leaseMs };
      });
      const isOurs = now?.['node'] === node;
      if (isOurs) renewedMs.set(stream, startedMs);
      else renewedMs.delete(stream);
      return isOurs;
    },
    async release(stream) {
      if (!renewedMs.delete(stream)) return;
      await records.update(keyOf(stream), (record) => {
        if (record === undefined || record['node'] === node) return undefined;
        return { record };
      });
    },
  };
}

function keyOf(stream: string): string {
  return `out-lease:${stream}`;
}
