import type { Session } from '@rta/authority';
import { type JsonObject, toBase64Url } from '@rta/core';
import type { Store } from '@rta/store';
import { reportFault } from '../diagnostics.ts';

/** Keeps the facts of a session in the store: everything but its token, which is made anew when it is needed. */
function sessionRecord(session: Session): JsonObject {
  const { id, parent, depth, subject, actors, publicKey, createdAtMs, expiresAtMs, ownGrant } = session;
  const { certificateThumbprint } = session;
  return {
    id,
    parent,
    depth,
    subject: { ...subject },
    actors: actors.map((actor): JsonObject => ({ ...actor })),
    publicKey: toBase64Url(publicKey),
    certificateThumbprint:
      certificateThumbprint === undefined ? undefined : toBase64Url(certificateThumbprint),
    createdAtMs,
    expiresAtMs,
    ownGrant: {
      scope: ownGrant.scope,
      details: ownGrant.details?.map((detail): JsonObject => ({ ...detail })),
    },
    generation: session.generation,
  };
}

/** Writes a session that was opened. @throws RtaError of the store: the session must then not be given out. */
export function keepSession(store: Store, session: Session): Promise<void> {
  return store.sessions.put(session.id, sessionRecord(session), { expiresAtMs: session.expiresAtMs });
}

/** Takes out a session that ended. It is over in any case; a store that fails is reported. */
export function forgetSession(store: Store, session: Session): void {
  store.sessions.delete(session.id).catch((error: unknown) => reportFault('store', error));
}
