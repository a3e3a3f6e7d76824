import type { Authority } from '@rta/authority';
import { decodeToken, type KeyRing } from '@rta/token';

/**
 * An authority to which tokens of revoked keys are good for nothing, be they the current ones of their sessions: who has
 * the key could have made them (docs/spec/token.md T-6.5). Their agents exchange anew.
 */
export function refuseRevoked(authority: Authority, ring: KeyRing): Authority {
  const check: Authority['check'] = (id, token, connection, nowMs) => {
    const outcome = authority.check(id, token, connection, nowMs);
    if (!outcome.ok || ring.revokedKeyIds.length === 0) return outcome;
    if (!ring.revokedKeyIds.includes(decodeToken(token).unverified.keyId)) return outcome;
    return { ok: false, cause: 'token-invalid', session: outcome.session };
  };
  // Everything else is the authority's own, its counters too, which spreading would freeze.
  return Object.assign(Object.create(authority) as Authority, { check });
}
