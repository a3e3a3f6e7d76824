/** Limits of `@rta/idp`. */
export const IDP_LIMITS = {
  /** Characters of a subject token; JWTs with many groups in them fit. */
  maxSubjectTokenCharacters: 16_384,
  /** Characters of one text in a claim: subjects, audiences, e-mail addresses. */
  maxClaimCharacters: 512,
  /** Members of a list in a claim: audiences, authentication methods. */
  maxClaimListItems: 64,
  /** Members of `groups` and of `roles` in a token; of longer lists none is read. */
  maxMemberships: 512,
  /** Actors in the `act` claim of a subject token, one within the other. */
  maxActorDepth: 10,
  /** How far the clock of an issuer may be off, unless its options say otherwise. */
  clockSkewMs: 30_000,
  /** The largest clock skew that options can ask for: beyond it an expired token is simply accepted. */
  maxClockSkewMs: 300_000,
  /** Bytes of one answer of an issuer; key sets with certificate chains fit. */
  maxResponseBytes: 262_144,
  /** How long one request to an issuer may take, body and all. */
  fetchTimeoutMs: 5_000,
  /** Keys in the key set of one issuer. */
  maxJwksKeys: 100,
  /** Age at which published metadata is fetched again. */
  metadataMaxAgeMs: 3_600_000,
  /** Age at which keys are fetched again; a key that the issuer withdrew dies by then. */
  jwksMaxAgeMs: 600_000,
  /** Shortest time between two fetches of an issuer's keys: unknown key ids make no storm of requests. */
  jwksRefetchCooldownMs: 30_000,
  /** Shortest time between a failed fetch of metadata or keys and the next try. */
  failureCooldownMs: 1_000,
  /** Introspections that wait for one issuer at one time. */
  maxIntrospectionsInFlight: 64,
  /** Issuers that are asked, in order, about one opaque token; each of them learns the token. */
  maxOpaqueTokenIssuers: 4,
  /** Characters of a DPoP proof. */
  maxDpopProofCharacters: 4_096,
  /** Characters of `jti` and of `nonce` in a DPoP proof. */
  maxDpopClaimCharacters: 256,
  /** How old a DPoP proof may be by its `iat`. */
  maxDpopAgeMs: 60_000,
  /** How far the `iat` of a DPoP proof may lie in the future. */
  maxDpopLeadMs: 60_000,
  /** How much longer used proofs and nonces are remembered than they are good for: the clocks of nodes differ. */
  singleUseMarginMs: 30_000,
  /** How long a DPoP nonce is good, unless the options say otherwise. */
  nonceLifetimeMs: 60_000,
  /** Characters of the JSON that describes an agent. */
  maxAgentCharacters: 8_192,
  /** Characters of one member of an agent's description. */
  maxAgentMemberCharacters: 256,
  /** Characters of an agent's purpose, which is a sentence or two. */
  maxAgentPurposeCharacters: 1_024,
  /** Parameters in one exchange request, known or not. */
  maxExchangeParameters: 64,
  /** Characters of all names and values of one exchange request together. */
  maxExchangeCharacters: 65_536,
  /** Scope tokens in one request or IdP token. */
  maxScopeTokens: 128,
  /** Characters of one scope token. */
  maxScopeTokenCharacters: 256,
  /** Objects in `authorization_details`, and actions or locations in one of them. */
  maxAuthorizationDetailsItems: 128,
  /** Characters of an action or location. */
  maxAuthorizationDetailCharacters: 512,
  /** `resource` and `audience` parameters in one request. */
  maxTargets: 16,
  /** Characters of a URI. */
  maxUriCharacters: 2_048,
} as const;
