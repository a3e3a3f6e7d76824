/** Paths of the HTTP side, under the issuer. */
export const HTTP_PATHS = {
  token: '/oauth/token',
  /** Takes tokens back (RFC 7009). */
  revocation: '/oauth/revoke',
  /** Whether a token is good now (RFC 7662). */
  introspection: '/oauth/introspect',
  /** Ends everything that acts for a person. */
  globalRevocation: '/oauth/global-token-revocation',
  /** The admin API. */
  admin: '/admin/v1',
  /** Keys that receipts are signed with, a JWK Set. */
  receiptKeys: '/.well-known/rta-receipt-keys',
  /** Where transmitters push Security Event Tokens (RFC 8935). */
  securityEvents: '/ssf/events',
  /** Where identity providers say that somebody signed out (OpenID Connect Back-Channel Logout 1.0). */
  backchannelLogout: '/oidc/backchannel-logout',
  /** Streams of security events to others: management, polls, keys (SSF 1.0). */
  eventStreams: '/ssf/*',
  transmitterMetadata: '/.well-known/ssf-configuration',
  /** The public keys of tokens (RFC 7517). */
  jwkSet: '/.well-known/jwks.json',
  authorizationServerMetadata: '/.well-known/oauth-authorization-server',
  health: '/healthz',
  ready: '/readyz',
} as const;
