import { type ErrorTable, errorFactory } from '@rta/core';

/**
 * Error codes of `@rta/idp`. Summaries go to strangers as `error_description`, so they keep to the characters of
 * RFC 6749 §5.2 and never say what a token holds (invariant I10).
 */
export const IDP_ERRORS = {
  RTA_IDP_CLOSED: {
    summary: 'the registry of issuers is closed',
    remedy: 'send the request to a node that is running',
    retryable: false,
    httpStatus: 503,
  },
  RTA_IDP_UNAVAILABLE: {
    summary: 'the issuer gave no answer in time',
    remedy: 'try again; where it goes on, check that this server reaches the issuer',
    retryable: true,
    httpStatus: 503,
  },
  RTA_IDP_BUSY: {
    summary: 'too many tokens wait for the issuer to introspect them',
    remedy: 'try again after a moment',
    retryable: true,
    httpStatus: 503,
  },
  RTA_IDP_RESPONSE: {
    summary: 'the issuer gave an answer that is not usable',
    remedy:
      'check the URLs of the issuer: it must answer with JSON, without a redirect, within the size limit',
    retryable: true,
    httpStatus: 503,
  },
  RTA_IDP_METADATA: {
    summary: 'the published metadata of the issuer does not fit its configuration',
    remedy:
      'compare the configured issuer with the `issuer` that it publishes, to the character; or give endpoints',
    retryable: false,
    httpStatus: 503,
  },
  RTA_IDP_CLIENT_AUTH: {
    summary: 'the issuer did not let this server introspect',
    remedy: 'check client id, client secret and authentication method configured for the issuer',
    retryable: false,
    httpStatus: 503,
  },
  RTA_IDP_TOKEN_TYPE: {
    summary: 'the type of the subject token is not accepted',
    remedy: 'present an access token, ID token or JWT that the configuration of its issuer provides for',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_MALFORMED: {
    summary: 'the subject token is not well-formed',
    remedy: 'present the token exactly as the issuer gave it',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_KIND: {
    summary: 'the subject token is not of the type that it is presented as',
    remedy: 'name the type of the token in `subject_token_type`; access tokens need the header type at+jwt',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_ISSUER_UNKNOWN: {
    summary: 'no configured issuer is responsible for the subject token',
    remedy: 'sign in at an issuer that this server trusts, or add the issuer to its configuration',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_ALGORITHM: {
    summary: 'the signature algorithm of the subject token is not accepted',
    remedy: 'have the issuer sign with an algorithm of its allow-list; none and HMAC are never accepted',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_KEY: {
    summary: 'the issuer publishes no usable key for the subject token',
    remedy:
      'try again after the time between two fetches of its keys; else check that its jwks_uri is the right one',
    retryable: true,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_SIGNATURE: {
    summary: 'the signature of the subject token is wrong',
    remedy: 'present the token exactly as the issuer gave it',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_CLAIMS: {
    summary: 'the subject token lacks a claim, or has one that is not usable',
    remedy: 'see the details for the claim and have the issuer put it into the token',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_AUDIENCE: {
    summary: 'the subject token is meant for somebody else',
    remedy: 'request a token for an audience that the configuration of the issuer names',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_EXPIRED: {
    summary: 'the subject token has expired',
    remedy: 'get a fresh token from the issuer',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_NOT_YET_VALID: {
    summary: 'the subject token lies in the future',
    remedy: 'check the clocks of the issuer and of this server',
    retryable: true,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_INACTIVE: {
    summary: 'the issuer says that the subject token is not active',
    remedy: 'sign in again: the token was revoked, has expired or is not from this issuer',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_CONFLICT: {
    summary: 'the subject token and its introspection contradict each other',
    remedy: 'check that the introspection endpoint belongs to the issuer of the token',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_BOUND: {
    summary: 'the subject token is bound to a key that was not proved',
    remedy: 'sign the DPoP proof with the key that the token is bound to',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TOKEN_ACTOR: {
    summary: 'the subject token does not let this agent act for its subject',
    remedy: 'get a token whose may_act names this agent',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_DPOP_MISSING: {
    summary: 'the request has no DPoP proof',
    remedy: 'send one DPoP proof (RFC 9449) with the request',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_DPOP_MALFORMED: {
    summary: 'the DPoP proof is not one well-formed JWT of type dpop+jwt with jti, htm, htu and iat',
    remedy: 'send exactly one proof, made as RFC 9449 §4.2 says',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_DPOP_KEY: {
    summary: 'the key of the DPoP proof is not a public Ed25519 key',
    remedy:
      'prove with an Ed25519 key, the one that will bind the session, and put only its public half in `jwk`',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_DPOP_ALGORITHM: {
    summary: 'the signature algorithm of the DPoP proof is not accepted',
    remedy: 'sign with Ed25519 (in JWS terms Ed25519 or EdDSA)',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_DPOP_SIGNATURE: {
    summary: 'the signature of the DPoP proof is wrong',
    remedy: 'sign the proof with the private half of the key in its `jwk`',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_DPOP_TARGET: {
    summary: 'the DPoP proof is for another method or URL',
    remedy: 'put the method of this request into htm and its URL, without query and fragment, into htu',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_DPOP_TOKEN: {
    summary: 'the DPoP proof is for another access token',
    remedy: 'put the SHA-256 of the access token that is sent along, base64url, into ath',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_DPOP_STALE: {
    summary: 'the DPoP proof was not made now',
    remedy: 'make a new proof for each request and check the clock',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_DPOP_REPLAY: {
    summary: 'the DPoP proof was used before',
    remedy: 'make a new proof, with a new jti, for each request',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_DPOP_NONCE_MISSING: {
    summary: 'the DPoP proof holds no nonce',
    remedy: 'repeat the request with the nonce of the answer in the proof',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_DPOP_NONCE: {
    summary: 'the nonce of the DPoP proof is unknown, expired or used',
    remedy: 'repeat the request with the nonce of the answer in a new proof',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_SINGLE_USE: {
    summary: 'the server could not take note that the DPoP proof is used',
    remedy: 'try again with a new proof; where it goes on, check the store of the server',
    retryable: true,
    httpStatus: 503,
  },
  RTA_IDP_AGENT: {
    summary: 'the description of the agent is not usable',
    remedy:
      'send one JSON object with `id` and, if wanted, name, type, version, instance, model, owner, purpose',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_GRANT_TYPE: {
    summary: 'the grant type is not supported',
    remedy: 'use urn:ietf:params:oauth:grant-type:token-exchange',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_PARAMETER: {
    summary: 'a parameter of the request is missing, repeated, too long or not supported',
    remedy: 'see the details for the parameter',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_SCOPE: {
    summary: 'the scope is not usable',
    remedy: 'separate scope tokens of RFC 6749 §3.3 by single spaces',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_TARGET: {
    summary: 'a resource or audience is not usable',
    remedy: 'name resources by absolute URIs without fragment, audiences by one line of text',
    retryable: false,
    httpStatus: 400,
  },
  RTA_IDP_AUTHORIZATION_DETAILS: {
    summary: 'the authorization details are not usable',
    remedy:
      'send a JSON array of objects with type rta_action, actions and, if wanted, locations, and nothing else',
    retryable: false,
    httpStatus: 400,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/idp` throws. */
export type IdpErrorCode = keyof typeof IDP_ERRORS;

export const idpError = errorFactory(IDP_ERRORS);
