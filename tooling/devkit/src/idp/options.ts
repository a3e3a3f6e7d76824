import type { Clock } from '@rta/core';

/** Somebody who can sign in. */
export interface DevUser {
  /** What tokens call them (`sub`). */
  readonly sub: string;
  /** What they type as their name, and the `email` of tokens; compared without regard to case. */
  readonly email: string;
  readonly name?: string;
  readonly password: string;
  /** A second factor: typed besides where an application asks for the `acr` `mfa`. */
  readonly code?: string;
}

/** What tokens call a sign-in with a second factor (`acr`), and applications ask for it by (`acr_values`). */
export const SECOND_FACTOR = 'mfa';

/** An application that signs users in, by authorization code and PKCE. */
export interface DevClient {
  readonly clientId: string;
  /** Shown on the pages; default is the client id. */
  readonly name?: string;
  /** Compared exactly. */
  readonly redirectUris: readonly string[];
  /** With a secret the client is confidential (`client_secret_basic`), without it public. */
  readonly clientSecret?: string;
}

/** An API that takes this IdP's access tokens, and may ask what they mean (introspection). */
export interface DevResourceServer {
  /** Resource indicator (RFC 8707), an absolute URI: clients ask for it, and it is the `aud` of the tokens. */
  readonly resource: string;
  /** Scopes that clients may ask for at this API. */
  readonly scopes: readonly string[];
  /** Who it is at the introspection endpoint (`client_secret_basic`). */
  readonly clientId: string;
  readonly clientSecret: string;
  /** `opaque` tokens (the default) are introspected; `jwt` are RFC 9068 tokens, checked with the IdP's JWKS. */
  readonly accessTokenFormat?: 'opaque' | 'jwt';
}

/** What a development IdP is made of. */
export interface DevIdpOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** Loopback address to listen on, default `127.0.0.1`. */
  readonly host?: '127.0.0.1' | '::1' | 'localhost';
  readonly users: readonly DevUser[];
  readonly clients: readonly DevClient[];
  readonly resourceServers: readonly DevResourceServer[];
  /** Times of security events. The OpenID Connect part always runs on the machine's clock. */
  readonly clock?: Clock;
}
