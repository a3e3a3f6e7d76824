import type { Authority } from '@rta/authority';
import { type Clock, isRtaError } from '@rta/core';
import { createIdpRegistry, type IssuerOptions, TOKEN_TYPE } from '@rta/idp';
import type { Authorize } from '@rta/ssf';
import { subjectOf } from '../../sessions/verified-subject.ts';

/** Knows receivers of events by the access tokens of the identity providers. */
export interface EventReceivers {
  readonly authorize: Authorize;
  close(): Promise<void>;
}

const CREDENTIALS = /^Bearer ([\x21-\x7e]+)$/i;

/**
 * Makes the door of receivers: the identity providers of agents' users, for an audience of its own. A receiver is the
 * OAuth client that the token was issued to; an agent that acts for somebody is none.
 *
 * @throws TypeError where the audience is one that agents' tokens have: an agent could read what becomes of others.
 */
export function createEventReceivers(options: {
  readonly issuers: readonly IssuerOptions[];
  readonly audience: string;
  readonly authority: Pick<Authority, 'signInCutOffOf'>;
  readonly clock: Clock;
}): EventReceivers {
  const { issuers, audience, authority, clock } = options;
  if (issuers.some(({ audiences }) => audiences?.includes(audience) === true)) {
    throw new TypeError(`the audience ${audience} of receivers of events is also one of agents' tokens`);
  }
  const idp = createIdpRegistry({
    issuers: issuers.map(({ clientIds: _clientIds, ...each }) => ({ ...each, audiences: [audience] })),
    clock,
  });
  return {
    async authorize(request) {
      const [, token] = CREDENTIALS.exec(request.headers.get('Authorization') ?? '') ?? [];
      if (token === undefined) return undefined;
      try {
        const subject = await idp.verifySubjectToken({ token, tokenType: TOKEN_TYPE.accessToken });
        if (subject.actors.length > 0) return undefined;
        if (authority.signInCutOffOf(subjectOf(subject)) !== undefined) return undefined;
        return {
          receiver: `${subject.issuer} ${subject.clientId ?? subject.sub}`,
          scopes: subject.scope,
        };
      } catch (error) {
        // That an issuer cannot be asked is no fault of the token.
        if (!isRtaError(error) || error.httpStatus === 503) throw error;
        return undefined;
      }
    },
    close: idp.close,
  };
}
