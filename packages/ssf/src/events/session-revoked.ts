import { defineCaepEvent } from './caep-event.ts';

/** The session of the subject was revoked: all of its sessions that began before. @see CAEP 1.0 §3.1 */
export const sessionRevoked = defineCaepEvent({
  name: 'session-revoked',
  members: {},
  mean: () => ({ change: { kind: 'session-revoked' }, meaning: 'user' }),
});
