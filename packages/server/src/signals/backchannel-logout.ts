import { createHash } from 'node:crypto';
import type { Signal, SubjectSelector } from '@rta/authority';
import { type Clock, toBase64Url, utf8 } from '@rta/core';
import type { IdpRegistry, VerifiedLogout } from '@rta/idp';
import type { SingleUseKeys } from '@rta/store';

/** Takes the logout tokens of identity providers. */
export interface BackchannelLogout {
  /**
   * Ends what a logout token says is over; it is durable when this resolves. One that comes again is taken without a
   * second effect.
   *
   * @throws RtaError of `@rta/idp` for a token that is not good; of the store or the broker.
   */
  receive(logoutToken: string): Promise<void>;
}

/** A token is remembered a while longer than it is good, for clocks that differ. */
const CLOCK_SKEW_MS = 300_000;

/** Makes what takes logout tokens. */
export function createBackchannelLogout(options: {
  readonly idp: Pick<IdpRegistry, 'verifyLogoutToken'>;
  readonly singleUse: SingleUseKeys;
  readonly raise: (signals: readonly Signal[]) => Promise<void>;
  readonly clock: Clock;
}): BackchannelLogout {
  const { idp, singleUse, raise, clock } = options;
  return {
    async receive(logoutToken) {
      const logout = await idp.verifyLogoutToken(logoutToken);
      const id = logoutId(logout);
      if (await singleUse.has(id)) return;
      await raise([signalOf(logout, id, clock.now())]);
      // Not before: one that is recorded and then lost would be taken without effect when it comes again.
      await singleUse.claim(id, logout.expiresAtMs + CLOCK_SKEW_MS);
    },
  };
}

/**
 * With a session of the identity provider, that one alone is over, whenever it began. Without, it is every sign-in of the
 * person that is not younger than the token.
 */
function signalOf(logout: VerifiedLogout, id: string, nowMs: number): Signal {
  const { issuer, sub, idpSessionId, jti, issuedAtMs } = logout;
  const user: Pick<SubjectSelector, 'user'> =
    sub === undefined ? {} : { user: { by: 'iss-sub', issuer, sub } };
  const subject: SubjectSelector =
    idpSessionId === undefined ? user : { idpSession: { id: idpSessionId, issuers: [issuer] } };
  return {
    id,
    source: { issuer, id: jti },
    subject,
    change: { kind: 'session-revoked' },
    occurredAtMs: idpSessionId === undefined ? Math.min(issuedAtMs, nowMs) : nowMs,
    receivedAtMs: nowMs,
    reason: 'signed out at the identity provider',
  };
}

function logoutId({ issuer, jti }: VerifiedLogout): string {
  const digest = createHash('sha256')
    .update(utf8(JSON.stringify([issuer, jti])))
    .digest();
  return `logout-${toBase64Url(digest)}`;
}
