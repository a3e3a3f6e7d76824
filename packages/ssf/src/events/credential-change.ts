import { z } from 'zod';
import { defineCaepEvent, nameOfSomething } from './caep-event.ts';

/**
 * A credential of the user was created, changed, revoked or deleted. The list of credential types is open.
 *
 * @see CAEP 1.0 §3.3
 */
export const credentialChange = defineCaepEvent({
  name: 'credential-change',
  members: {
    credential_type: nameOfSomething,
    change_type: z.enum(['create', 'revoke', 'update', 'delete']),
  },
  mean: ({ credential_type: credentialType, change_type: changeType }) => ({
    change: { kind: 'credential-change', credentialType, changeType },
    meaning: 'user',
  }),
});
