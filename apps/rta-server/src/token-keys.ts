import { randomBytes } from 'node:crypto';
import { type Clock, isRtaError } from '@rta/core';
import { type KeyFolder, openKeyFolder } from '@rta/keys-file';
import {
  checkRotationPolicy,
  createEd25519Key,
  createHmacKey,
  createStaticKeySource,
  type RotationPolicy,
  type TokenKeySource,
} from '@rta/token';
import type { Logger } from 'pino';
import type { Config } from './config.ts';

type RotationSettings = Pick<Config['tokens'], 'overlapMs' | 'announceMs'> & {
  readonly rotateEveryMs: number | 'never';
};

/** The policy that a configuration describes. Where keys rotate on demand only, the other times hold all the same. */
export function rotationOf({ rotateEveryMs, overlapMs, announceMs }: RotationSettings): RotationPolicy {
  return {
    rotateEveryMs: rotateEveryMs === 'never' ? overlapMs + announceMs : rotateEveryMs,
    overlapMs,
    announceMs,
  };
}

/** What is wrong with a policy, in words; undefined where nothing is. */
export function rotationFault(policy: RotationPolicy): string | undefined {
  try {
    checkRotationPolicy(policy);
    return undefined;
  } catch (error) {
    if (isRtaError(error)) return error.message;
    throw error;
  }
}

/** Opens the folder of keys that a configuration names. */
export function openTokenKeyFolder(
  tokens: Config['tokens'] & { readonly keyFolder: string },
  clock: Clock,
): KeyFolder {
  return openKeyFolder({
    path: tokens.keyFolder,
    clock,
    suite: tokens.suite,
    policy: rotationOf(tokens),
    scheduled: tokens.rotateEveryMs !== 'never',
  });
}

/**
 * Where the keys come from that sign tokens. Without a folder a key is drawn, which lives as long as the process, and
 * which no other node accepts; that is logged.
 */
export function openTokenKeySource(tokens: Config['tokens'], clock: Clock, logger: Logger): TokenKeySource {
  const { suite, keyFolder } = tokens;
  if (keyFolder === undefined) {
    logger.warn('tokens.keyFolder is not set: the key that signs tokens is good here, until the next start');
    const secret = Uint8Array.from(randomBytes(32));
    return createStaticKeySource({
      current:
        suite === 'ed25519'
          ? createEd25519Key({ keyId: 1, privateKey: secret })
          : createHmacKey({ keyId: 1, secret }),
    });
  }
  const folder = openTokenKeyFolder({ ...tokens, keyFolder }, clock);
  if (!folder.checksAccess) {
    logger.warn(
      { keyFolder },
      'who can read the keys is not checked on this platform: see to its access list',
    );
  }
  return folder;
}
