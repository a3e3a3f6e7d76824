import { tokenLengthBytes } from '@rta/token';

/** Lengths that a token can have, by its suite (docs/spec/token.md T-1.1). */
export const TOKEN_LENGTHS: ReadonlySet<number> = new Set([
  tokenLengthBytes('hmac-sha256'),
  tokenLengthBytes('ed25519'),
]);
