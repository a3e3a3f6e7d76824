import { acceptedTokens } from './accepted.ts';
import type { Vectors } from './format.ts';
import { vectorKeys } from './keys.ts';
import { refusedByForm, refusedByKey, refusedByTwoRules } from './refused-form.ts';
import { refusedKeys } from './refused-keys.ts';
import { refusedEd25519, refusedMacs } from './refused-signature.ts';

/** All vectors; the same on every call. */
export function buildVectors(): Vectors {
  return {
    title: 'RTAToken v1 test vectors',
    specification: 'docs/spec/token.md §7',
    keys: vectorKeys(),
    accepted: acceptedTokens(),
    refused: [
      ...refusedByForm(),
      ...refusedByKey(),
      ...refusedMacs(),
      ...refusedEd25519(),
      ...refusedByTwoRules(),
    ],
    refusedKeys: refusedKeys(),
  };
}
