import type { Session } from '@rta/authority';
import type { Messages } from '@rta/protocol';

/** What BOUND says of a session. */
export function boundMessage({ id, token, generation, expiresAtMs, grant }: Session): Messages['bound'] {
  return { session: id, token, generation, expiresAtMs, scope: grant.scope };
}
