import type { Session } from '@rta/authority';
import type { Messages } from '@rta/protocol';

/** What BOUND says of a session. */
export function boundMessage(session: Session): Messages['bound'] {
  const { id, token, generation, expiresAtMs, grant, state } = session;
  return {
    session: id,
    token,
    generation,
    expiresAtMs,
    scope: grant.scope,
    state: state === 'suspended' ? 'suspended' : 'active',
  };
}
