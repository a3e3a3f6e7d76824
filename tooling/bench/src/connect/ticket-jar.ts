import type { TicketStore } from '@rta/sdk';

/** Keeps the newest ticket of one server, and tells when there is one. */
export interface TicketJar extends TicketStore {
  /** Resolves when there is a ticket: it comes some time after the handshake. */
  filled(): Promise<void>;
}

/** Makes an empty jar. */
export function createTicketJar(): TicketJar {
  let ticket: Uint8Array | undefined;
  let next = Promise.withResolvers<void>();
  return {
    take() {
      const taken = ticket;
      ticket = undefined;
      next = Promise.withResolvers<void>();
      return taken;
    },
    put(_key, fresh) {
      ticket = fresh;
      next.resolve();
    },
    filled: () => (ticket === undefined ? next.promise : Promise.resolve()),
  };
}
