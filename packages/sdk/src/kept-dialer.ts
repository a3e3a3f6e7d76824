import type { QuicDialer, QuicDialerOptions } from '@rta/transport-quic';
import type { TicketStore } from './ticket-store.ts';

/** A dialer, and what it was made with. */
export interface KeptDialer {
  readonly options: QuicDialerOptions;
  readonly dialer: QuicDialer;
}

/**
 * The latest dialer of each ticket store. Who keeps tickets means to come back, and is in a hurry then: the dialer has
 * read the authorities and the server's certificate already. It lives as long as the store.
 */
const kept = new WeakMap<TicketStore, KeptDialer>();

/** Keeps a dialer beside the tickets of its connections, in the place of the one that was. */
export function keepDialer(tickets: TicketStore, made: KeptDialer): void {
  kept.set(tickets, made);
}

/** The dialer that was kept beside these tickets, if it was made for the same server, trust and client. */
export function keptDialer(tickets: TicketStore, options: QuicDialerOptions): QuicDialer | undefined {
  const found = kept.get(tickets);
  return found !== undefined && isSame(found.options, options) ? found.dialer : undefined;
}

function isSame(one: QuicDialerOptions, other: QuicDialerOptions): boolean {
  return (
    one.host === other.host &&
    one.port === other.port &&
    one.serverName === other.serverName &&
    one.ca === other.ca &&
    one.credentials?.cert === other.credentials?.cert &&
    one.credentials?.key === other.credentials?.key &&
    one.qlog === other.qlog
  );
}
