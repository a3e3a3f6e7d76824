// The same names as in index.ts, without `node:crypto`: the keys are those of @noble/ed25519 and @noble/hashes.
export { TOKEN_ERRORS, type TokenErrorCode } from './errors.ts';
export { type PublishedKey, publishedKeys } from './jwk-set.ts';
export { createKeyRing, type KeyRing, type KeyRingOptions } from './key-ring.ts';
export {
  createStaticKeySource,
  type KeySet,
  type KeySourceChange,
  type StaticKeySourceOptions,
  type TokenKeySource,
} from './key-source.ts';
export { TOKEN_LIMITS } from './limits.ts';
export {
  createEd25519Key,
  createEd25519PublicKey,
  createHmacKey,
  type Ed25519KeyOptions,
  type Ed25519PublicKeyOptions,
  type HmacKeyOptions,
  verifyEd25519,
} from './noble-keys.ts';
export {
  checkRotationPolicy,
  DEFAULT_ROTATION,
  type KeyRoles,
  type KeySchedule,
  keyRoles,
  planRotation,
  type RotationPolicy,
  type RotationStep,
} from './rotation.ts';
export type {
  Ed25519TokenKey,
  Ed25519TokenVerifier,
  TokenKey,
  TokenSigner,
  TokenVerifier,
} from './token-key.ts';
export {
  type DecodedToken,
  decodeToken,
  encodeToken,
  type TokenClaims,
  type TokenContents,
} from './v1/codec.ts';
export { describeToken, type TokenDescription } from './v1/describe.ts';
export {
  CONTEXT_HASH_BYTES,
  ISSUED_AT_MAX_MS,
  TOKEN_PREFIX_BYTES,
  TOKEN_VERSION,
  type TokenSuite,
  tokenLengthBytes,
} from './v1/layout.ts';
export { equalTokens, peekSessionId } from './v1/presented.ts';
export { verifyToken } from './verify-token.ts';
