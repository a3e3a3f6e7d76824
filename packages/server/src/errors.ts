import { type ErrorTable, errorFactory } from '@rta/core';

/** Error codes of `@rta/server`. */
export const SERVER_ERRORS = {
  RTA_SERVER_VIEW_STALE: {
    summary: 'this node does not know whether it has seen every event',
    remedy: 'try again; if it stays so, look at the connection between the node and its event broker',
    retryable: true,
    httpStatus: 503,
  },
  RTA_SERVER_OVERLOAD: {
    summary: 'the node has as much to do as it takes on',
    remedy: 'try again after a moment, or at another node',
    retryable: true,
    httpStatus: 503,
  },
  RTA_SERVER_RATE: {
    summary: 'a rate of the session, of one above it or of its agent is used up',
    remedy: 'ask again after a moment, and less often',
    retryable: true,
    httpStatus: 429,
  },
  RTA_SERVER_CLOSING: {
    summary: 'the node is going away',
    remedy: 'connect to another node',
    retryable: true,
    httpStatus: 503,
  },
  RTA_SERVER_TARGET: {
    summary: 'the token was asked for another server',
    remedy: 'leave `resource` and `audience` out, or name the issuer of this server',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SERVER_TOKEN_REFUSED: {
    summary: 'the RTAToken is not good for this request',
    remedy: 'use the newest token of the session, on the connection that the session is bound to',
    retryable: false,
    httpStatus: 401,
  },
  RTA_SERVER_RESUME_LATE: {
    summary: 'RESUME was not made now',
    remedy: 'bind by BIND on the control stream, and set the clock by the time in WELCOME',
    retryable: false,
    httpStatus: 401,
  },
  RTA_SERVER_RESUME_REPLAYED: {
    summary: 'this RESUME was taken before',
    remedy: 'bind by BIND on the control stream; make each RESUME with a new nonce, and send it once',
    retryable: false,
    httpStatus: 401,
  },
  RTA_SERVER_SINGLE_USE: {
    summary: 'that this RESUME is the first could not be noted',
    remedy: 'bind by BIND on the control stream, which needs no note; the operator looks at the store',
    retryable: false,
    httpStatus: 503,
  },
  RTA_SERVER_DISCONNECTED: {
    summary: 'the connection ended before the session was bound to it',
    remedy: 'connect again, and bind the session there',
    retryable: false,
    httpStatus: 401,
  },
  RTA_SERVER_DELEGATION_DENIED: {
    summary: 'the policies do not let this agent delegate this to that agent',
    remedy: 'ask for less, or have a policy that permits `rta:delegate` for the agent',
    retryable: false,
    httpStatus: 403,
  },
  RTA_SERVER_APPROVAL_UNKNOWN: {
    summary: 'there is no such approval to give',
    remedy: 'list those that are open: it may have come to nothing since',
    retryable: false,
    httpStatus: 404,
  },
  RTA_SERVER_APPROVAL_OVER: {
    summary: 'somebody has decided already, or it is too late',
    remedy: 'let the agent ask again',
    retryable: false,
    httpStatus: 409,
  },
  RTA_SERVER_ADMIN_TOKEN: {
    summary: 'the request brings no token of an administrator that is good here',
    remedy:
      'send an access token of the identity provider for the audience and scope of the admin API, as Bearer or with DPoP',
    retryable: false,
    httpStatus: 401,
  },
  RTA_SERVER_ADMIN_ACTOR: {
    summary: 'the token says that somebody acts for its subject (`act`), and agents administer nothing',
    remedy: 'send a token that the person obtained by signing in',
    retryable: false,
    httpStatus: 403,
  },
  RTA_SERVER_ADMIN_SCOPE: {
    summary: 'the token lacks the scope of the admin API',
    remedy: 'ask the identity provider for the scope that the server is configured with',
    retryable: false,
    httpStatus: 403,
  },
  RTA_SERVER_ADMIN_DENIED: {
    summary: 'the policies for administrators do not permit this',
    remedy:
      'have a policy that permits the action for this person and resource; the audit log names those that decided',
    retryable: false,
    httpStatus: 403,
  },
  RTA_SERVER_ADMIN_STEP_UP: {
    summary: 'the policies ask for another sign-in first',
    remedy:
      'sign in anew with the acr_values or max_age of WWW-Authenticate, and send the new token (RFC 9470)',
    retryable: false,
    httpStatus: 401,
  },
  RTA_SERVER_ADMIN_REQUEST: {
    summary: 'the request is not one of the admin API',
    remedy: 'mend the members that the detail names; docs/guides/admin-api.md has them all',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SERVER_ADMIN_ISSUER: {
    summary:
      'which identity provider the target belongs to is not said, or it is none of those that are trusted',
    remedy: 'name one of the configured issuers as `issuer`',
    retryable: false,
    httpStatus: 400,
  },
  RTA_SERVER_ADMIN_UNKNOWN: {
    summary: 'there is nothing of this name here',
    remedy: 'look at the list; what has ended is not listed any more, and each node lists its own sessions',
    retryable: false,
    httpStatus: 404,
  },
  RTA_SERVER_ADMIN_UNSIGNED: {
    summary: 'receipts are not signed here: the node has no key for it, or it is a receipt of another node',
    remedy: 'configure an audit key, or ask the node that made the receipt while it has it',
    retryable: false,
    httpStatus: 406,
  },
  RTA_SERVER_STREAM_THROTTLED: {
    summary: 'the transmitter was asked for a verification a short time ago, and wants to be left alone',
    remedy: 'ask again in a minute; the list of streams says when the last one came',
    retryable: true,
    httpStatus: 429,
  },
  RTA_SERVER_STREAM_UNVERIFIED: {
    summary: 'events of this transmitter do not get through now',
    remedy: 'look at `lastError` of the stream in the list of streams, and at its status at the transmitter',
    retryable: true,
    httpStatus: 502,
  },
  RTA_SERVER_STATE_UNREADABLE: {
    summary: 'what the store knows of subjects cannot be read as a whole',
    remedy:
      'start a version that understands it, or restore the store: a revocation could be among what is not read',
    retryable: false,
    httpStatus: 503,
  },
  RTA_SERVER_INTERNAL: {
    summary: 'the node failed to answer',
    remedy: 'try again; the node publishes what happened on its diagnostics channels',
    retryable: true,
    httpStatus: 500,
  },
  RTA_SERVER_EVENTS_LOST: {
    summary: 'events happen faster than they can be kept for their receivers: some are lost to them',
    remedy: 'see whether the store keeps up; receivers that must know how things stand ask anew',
    retryable: false,
  },
} as const satisfies ErrorTable;

/** Codes that `@rta/server` throws. */
export type ServerErrorCode = keyof typeof SERVER_ERRORS;

export const serverError = errorFactory(SERVER_ERRORS);
