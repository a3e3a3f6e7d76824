export { type AgentMetadata, parseAgentMetadata } from './agent-metadata.ts';
export type { ActionDetail } from './authorization-details.ts';
export { createNonceIssuer, type NonceIssuer } from './dpop-nonce.ts';
export { createDpopProof, type DpopProofOptions } from './dpop-proof.ts';
export {
  createDpopVerifier,
  DPOP_ALGORITHMS,
  type DpopRequest,
  type DpopVerifier,
  type ProvedKey,
  type SingleUseClaims,
} from './dpop-verifier.ts';
export { type Ed25519PublicJwk, isWeakEd25519Key } from './ed25519-jwk.ts';
export { IDP_ERRORS, type IdpErrorCode } from './errors.ts';
export { type ExchangeRequest, parseExchangeRequest } from './exchange-request.ts';
export {
  createIdpRegistry,
  type IdpRegistry,
  type SubjectTokenRequest,
  type VerifiedSubject,
} from './idp-registry.ts';
export {
  type IntrospectionOptions,
  ISSUER_ALGORITHMS,
  type IssuerAlgorithm,
  type IssuerOptions,
  type JwksOptions,
} from './issuer-options.ts';
export type { IdpFetchMessage, IssuerRequest } from './json-fetcher.ts';
export { IDP_LIMITS } from './limits.ts';
export type { VerifiedLogout } from './logout-token.ts';
export { type OAuthError, type OAuthErrorCode, oauthErrorOf } from './oauth-error.ts';
export type { ClaimNames, TokenActor } from './token-claims.ts';
export type { TokenKind } from './token-rules.ts';
export { type ExchangeGrantType, GRANT_TYPE, type SubjectTokenType, TOKEN_TYPE } from './token-types.ts';
