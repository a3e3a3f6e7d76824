import { randomBytes, randomInt } from 'node:crypto';
import { toBase64Url } from '@rta/core';
import { type KeySet, keyRoles, type TokenKey, type TokenSuite } from '@rta/token';
import { keysFileError } from './errors.ts';
import type { FolderContents } from './folder-contents.ts';
import { type StoredKey, storedKey } from './key-file.ts';

/** The keys that a process works with: what was read last and was sound, and every revocation that it ever saw. */
export interface HeldKeys {
  /**
   * Takes what a folder holds; where anything is wrong with it, its revocations only.
   *
   * @returns what is wrong.
   */
  take(contents: FolderContents): readonly Error[];
  /**
   * The keys as the time is. Where all that could sign were revoked, a key is drawn that only this process knows: its
   * sessions go on here, and a revocation need not wait for anything.
   */
  at(nowMs: number): KeySet;
}

/** Makes a holder of keys that has none yet. */
export function createHeldKeys(suite: TokenSuite): HeldKeys {
  let held: ReadonlyMap<number, StoredKey> = new Map();
  let stopgap: TokenKey | undefined;
  const revoked = new Set<number>();
  // Grows by keys that an operator or the schedule makes, a few each month.
  const idByFingerprint = new Map<string, number>();
  const fingerprintById = new Map<number, string>();

  /** Keys that stand for others: one secret under two ids outlives its revocation (T-3.1). */
  const reusedIn = (keys: ReadonlyMap<number, StoredKey>): readonly Error[] => {
    const faults: Error[] = [];
    const idsHere = new Map(idByFingerprint);
    for (const { keyId, fingerprint } of keys.values()) {
      const known = fingerprintById.get(keyId);
      const other = idsHere.get(fingerprint);
      if (known !== undefined && known !== fingerprint) {
        faults.push(keysFileError('RTA_KEYS_FILE_REUSED', `key ${keyId} is another one than before`));
      } else if (other !== undefined && other !== keyId) {
        faults.push(keysFileError('RTA_KEYS_FILE_REUSED', `keys ${other} and ${keyId} are one and the same`));
      }
      idsHere.set(fingerprint, keyId);
    }
    return faults;
  };

  /** A folder that is not mounted looks like one without keys: that is not taken for an end of all of them. */
  const isLost = ({ keys }: FolderContents): boolean =>
    keys.size === 0 && (held.size === 0 || [...held.keys()].some((keyId) => !revoked.has(keyId)));

  const drawStopgap = (): TokenKey => {
    if (stopgap !== undefined && !revoked.has(stopgap.keyId)) return stopgap;
    const keyId = randomInt(0x8000_0000, 0xffff_ffff);
    const secret = toBase64Url(randomBytes(32));
    stopgap = storedKey(
      { keyId, suite, secret, createdAtMs: 0, activeFromMs: 0 },
      'a key of this process',
    ).key;
    return stopgap;
  };

  return {
    take(contents) {
      for (const keyId of contents.revoked.keys()) revoked.add(keyId);
      const faults = [...contents.faults, ...reusedIn(contents.keys)];
      if (faults.length === 0 && isLost(contents)) faults.push(keysFileError('RTA_KEYS_FILE_EMPTY'));
      if (faults.length > 0) return faults;
      held = contents.keys;
      for (const { keyId, fingerprint } of held.values()) {
        fingerprintById.set(keyId, fingerprint);
        idByFingerprint.set(fingerprint, keyId);
      }
      return [];
    },
    at(nowMs) {
      const live = [...held.values()].filter(({ keyId }) => !revoked.has(keyId));
      const roles = keyRoles(live, nowMs);
      const keyOf = (keyId: number): TokenKey[] =>
        live.filter((one) => one.keyId === keyId).map(({ key }) => key);
      const current = roles.current === undefined ? undefined : keyOf(roles.current)[0];
      return {
        current: current ?? drawStopgap(),
        accepted: roles.accepted.flatMap(keyOf),
        revoked: [...revoked].toSorted((a, b) => a - b),
      };
    },
  };
}
