import type { Cause } from '@rta/authority';
import {
  createKeyRing,
  type KeyRing,
  type KeySet,
  type KeySourceChange,
  type TokenKeySource,
} from '@rta/token';
import type { AuditTrail } from '../audit/audit-trail.ts';
import { reportFault } from '../diagnostics.ts';

/** The keys of a node, as its source has them. */
export interface TokenKeys {
  readonly ring: KeyRing;
  /** Takes other keys from now on. */
  follow(options: FollowOptions): void;
  /** Stops taking other keys. */
  close(): void;
}

/** What is done when keys change. */
export interface FollowOptions {
  readonly audit: AuditTrail;
  /** Replaces the current tokens of all live sessions, as a revoked key may have signed them (T-6.5). */
  readonly remint: (cause: Cause) => void;
}

/**
 * Loads the keys of a node.
 *
 * @throws RtaError of the source; `RTA_TOKEN_KEY_DUPLICATE`, `RTA_TOKEN_KEY_LIMIT`, `RTA_TOKEN_KEY_REVOKED` for keys that
 *   cannot be in one ring.
 */
export async function openTokenKeys(source: TokenKeySource): Promise<TokenKeys> {
  const ring = createKeyRing(await source.load());
  let watched: { close(): void } | undefined;

  const take = (keys: KeySet, { audit, remint }: FollowOptions): void => {
    const signer = ring.signer.keyId;
    const revoked = ring.replace(keys);
    if (ring.signer.keyId !== signer) {
      audit.record({
        kind: 'keys',
        outcome: 'ok',
        cause: 'key-rotated',
        detail: { from: signer, to: ring.signer.keyId },
      });
    }
    if (revoked.length === 0) return;
    // The same name on every node, so that their logs can be laid side by side.
    const change = `keys-revoked:${revoked.join(',')}`;
    audit.record({ kind: 'keys', outcome: 'ok', cause: 'key-revoked', change, detail: { keyIds: revoked } });
    remint({ kind: 'key-revoked', change });
  };

  return {
    ring,
    follow(options) {
      watched ??= source.watch?.((change: KeySourceChange) => {
        try {
          if (change.kind === 'keys') take(change.keys, options);
          else reportFault('keys', change.error);
        } catch (error) {
          reportFault('keys', error);
        }
      });
    },
    close() {
      watched?.close();
    },
  };
}
