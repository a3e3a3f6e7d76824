import { createHash } from 'node:crypto';
import { type Fact, factExpiryMs, factOf, matterOf, newerFact, type Signal } from '@rta/authority';
import type { JsonObject } from '@rta/core';
import type { Store } from '@rta/store';
import { reportFault } from '../diagnostics.ts';
import { serverError } from '../errors.ts';
import { parseSignal } from './signal-event.ts';

/** Keeps what is known of subjects in the store: a session that is offline when its user is revoked stays revoked. */
export interface SubjectKeeper {
  /**
   * Keeps what a signal says, before the signal is acknowledged.
   *
   * @throws RtaError `RTA_SERVER_STATE_UNREADABLE`, and of the store.
   */
  keep(signal: Signal): Promise<void>;
  /**
   * Reads everything back, for the authority to take to heart.
   *
   * @returns what was kept, and whether all of it could be read: otherwise the lack of a cut-off means nothing.
   */
  restore(): Promise<{ readonly facts: readonly Fact[]; readonly isComplete: boolean }>;
}

/** Makes the keeper of a node's knowledge of subjects. */
export function createSubjectKeeper(store: Pick<Store, 'subjects'>): SubjectKeeper {
  return {
    async keep(signal) {
      const fact = factOf(signal);
      await store.subjects.update(keyOf(fact), (record) => {
        const known = record === undefined ? undefined : factFrom(record);
        // It may be a revocation that only another version understands: nothing is written over it.
        if (record !== undefined && known === undefined) throw serverError('RTA_SERVER_STATE_UNREADABLE');
        const newer = newerFact(fact, known);
        if (newer === known && record !== undefined) return { record };
        const expiresAtMs = factExpiryMs(newer);
        return {
          record: JSON.parse(JSON.stringify(newer)) as JsonObject,
          ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
        };
      });
    },
    async restore() {
      const facts: Fact[] = [];
      let isComplete = true;
      for await (const [key, record] of store.subjects.entries()) {
        const fact = factFrom(record);
        if (fact === undefined) {
          isComplete = false;
          reportFault('store', new Error(`what is known under ${key} cannot be read`));
        } else facts.push(fact);
      }
      return { facts, isComplete };
    },
  };
}

function factFrom(record: JsonObject): Fact | undefined {
  const signal = parseSignal(record);
  return signal === undefined ? undefined : factOf(signal);
}

/** Matters have names of any length: what others choose is hashed before it is a key. */
function keyOf(fact: Fact): string {
  return createHash('sha256').update(matterOf(fact)).digest('base64url');
}
