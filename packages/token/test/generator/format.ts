/** The published file: docs/spec/token.md §7. */

/** A key, in hex. A seed stands beside its public key; a key without either half cannot sign. */
export interface VectorKey {
  readonly suite: 'hmac-sha256' | 'ed25519';
  readonly keyId: number;
  readonly derivation: string;
  readonly secret?: string;
  readonly seed?: string;
  readonly publicKey?: string;
}

/** A token that every verifier accepts. */
export interface AcceptedToken {
  readonly name: string;
  /** Names of the keys that the verifier accepts; the first one signed. */
  readonly keys: readonly string[];
  readonly token: string;
  readonly claims: {
    readonly suite: string;
    readonly keyId: number;
    readonly sessionId: string;
    readonly contextHash: string;
    readonly issuedAtMs: number;
  };
}

/** A token that every verifier refuses with this code. */
export interface RefusedToken {
  readonly name: string;
  readonly keys: readonly string[];
  readonly token: string;
  readonly code: string;
}

/** Key material that nobody can make a key of. */
export interface RefusedKey {
  readonly name: string;
  readonly suite: 'hmac-sha256' | 'ed25519';
  readonly keyId: number;
  readonly secret?: string;
  readonly seed?: string;
  readonly publicKey?: string;
  readonly code: string;
}

/** The whole file. */
export interface Vectors {
  readonly title: string;
  readonly specification: string;
  readonly keys: Readonly<Record<string, VectorKey>>;
  readonly accepted: readonly AcceptedToken[];
  readonly refused: readonly RefusedToken[];
  readonly refusedKeys: readonly RefusedKey[];
}

/** The text of the published file. */
export function serializeVectors(vectors: Vectors): string {
  return `${JSON.stringify(vectors, null, 2)}\n`;
}
