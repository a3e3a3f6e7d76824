import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of `@rta/authority`. */
export const AUTHORITY_ERRORS = {
  RTA_AUTHORITY_SESSION_UNKNOWN: {
    summary: 'there is no such session',
    remedy: 'exchange the IdP token for a new session',
    retryable: false,
    httpStatus: 404,
  },
  RTA_AUTHORITY_SESSION_ENDED: {
    summary: 'the session has ended',
    remedy: 'let the user sign in again and exchange the new IdP token',
    retryable: false,
    httpStatus: 403,
  },
  RTA_AUTHORITY_SESSION_SUSPENDED: {
    summary: 'the session is suspended',
    remedy: 'wait until it goes on: the agent is told over its connection',
    retryable: true,
    httpStatus: 403,
  },
  RTA_AUTHORITY_SESSION_EXISTS: {
    summary: 'the session id is taken',
    remedy: 'draw another random id',
    retryable: true,
    httpStatus: 503,
  },
  RTA_AUTHORITY_SIGN_IN_OLD: {
    summary: 'the sign-in behind this token is older than revocations are remembered',
    remedy: 'let the user sign in again',
    retryable: false,
    httpStatus: 400,
  },
  RTA_AUTHORITY_SUBJECT_CUT_OFF: {
    summary: 'the sign-in behind this token was revoked',
    remedy: 'let the user sign in again: only a newer IdP token opens a session',
    retryable: false,
    httpStatus: 400,
  },
  RTA_AUTHORITY_ACCOUNT_DISABLED: {
    summary: "the person's account is disabled, or gone, by word of an identity provider",
    remedy: 'let the identity provider enable the account; details name the change. What was purged stays so',
    retryable: false,
    httpStatus: 400,
  },
  RTA_AUTHORITY_CEILING: {
    summary: 'nothing of what was asked for may be used at present',
    remedy:
      'ask the operator, who set a ceiling for this user, agent or organization; details name the change',
    retryable: true,
    httpStatus: 403,
  },
  RTA_AUTHORITY_GRANT_EMPTY: {
    summary: 'nothing of what was asked for may be granted',
    remedy: 'ask for scopes that the IdP token, or the parent session, has',
    retryable: false,
    httpStatus: 400,
  },
  RTA_AUTHORITY_GRANT_TOO_LARGE: {
    summary: 'the grant has more parts than the limit',
    remedy: 'ask for fewer scopes, actions and locations, or for patterns that cover them',
    retryable: false,
    httpStatus: 400,
  },
  RTA_AUTHORITY_GRANT_LIMITS: {
    summary: 'the limits of a grant, or a budget, make no sense',
    remedy:
      'give whole numbers from 0, a positive rate, and a currency (ISO 4217) where, and only where, amounts are limited',
    retryable: false,
    httpStatus: 400,
  },
  RTA_AUTHORITY_WIDENING: {
    summary: 'more was asked for than there is to give',
    remedy: 'ask for a part of what the session has now; leave the scope out to hand on all of it',
    retryable: false,
    httpStatus: 400,
  },
  RTA_AUTHORITY_MAY_ACT: {
    summary: 'the user lets another agent act, and only that one',
    remedy: 'delegate to the agent that `may_act` of the IdP token names, or sign in for this one',
    retryable: false,
    httpStatus: 403,
  },
  RTA_AUTHORITY_CYCLE: {
    summary: 'the agent is one of those that it would act on behalf of',
    remedy: 'delegate to another agent, or to another instance with a key of its own',
    retryable: false,
    httpStatus: 400,
  },
  RTA_AUTHORITY_NOT_BELOW: {
    summary: 'the session was not delegated by this one, nor by one below it',
    remedy: 'name a session of your own tree: list them first',
    retryable: false,
    httpStatus: 403,
  },
  RTA_AUTHORITY_PATTERN: {
    summary: 'a scope, action or location is not a name or a pattern',
    remedy: 'use printable characters without spaces, and `*` only as the last one',
    retryable: false,
    httpStatus: 400,
  },
  RTA_AUTHORITY_DEPTH: {
    summary: 'the delegation is deeper than the limit',
    remedy: 'let a session nearer to that of the user delegate',
    retryable: false,
    httpStatus: 400,
  },
  RTA_AUTHORITY_EXPIRED: {
    summary: 'the session would be over before it began',
    remedy: 'get a fresh IdP token, or ask for a positive lifetime',
    retryable: false,
    httpStatus: 400,
  },
  RTA_AUTHORITY_PROOF: {
    summary: 'the proof of possession does not verify for this session and connection',
    remedy: 'sign the binding statement of this connection with the key that the session was opened with',
    retryable: false,
    httpStatus: 401,
  },
  RTA_AUTHORITY_PROOF_OLD: {
    summary: 'the session was bound after this proof was made',
    remedy: 'prove possession anew, by BIND on the control stream, and set the clock by that of the server',
    retryable: false,
    httpStatus: 401,
  },
  RTA_AUTHORITY_CERTIFICATE: {
    summary: 'the connection does not show the client certificate that the session is bound to',
    remedy:
      'connect with the certificate that the session was exchanged with, or exchange anew with the new one',
    retryable: false,
    httpStatus: 401,
  },
  RTA_AUTHORITY_FULL: {
    summary: 'the node holds as many sessions, children or facts as it may',
    remedy: 'connect to another node, or end sessions that nobody needs any more',
    retryable: true,
    httpStatus: 503,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/authority` throws. */
export type AuthorityErrorCode = keyof typeof AUTHORITY_ERRORS;

export const authorityError = errorFactory(AUTHORITY_ERRORS);
