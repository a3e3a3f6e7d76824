import { createHash } from 'node:crypto';
import { SDK_LIMITS } from './limits.ts';

/**
 * Keeps the tickets that servers give, with which a later connection sends its first request in its first packet.
 *
 * A ticket is a secret: who has it, and has recorded what was sent with it, can read that. One that is kept in a file
 * belongs in one that only its owner can read (mode 0600). A store that fails costs a round trip, and nothing else.
 */
export interface TicketStore {
  /** Takes a ticket out, the newest first: each is used once. */
  take(key: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** Puts one in. It may forget any ticket at any time. */
  put(key: string, ticket: Uint8Array): void | Promise<void>;
}

/**
 * Keeps tickets in memory.
 *
 * @param options.maxCount - beyond it the oldest is forgotten; default `SDK_LIMITS.maxTicketCount`.
 * @throws RangeError where it is not a positive integer.
 */
export function createTicketStore(options: { readonly maxCount?: number } = {}): TicketStore {
  const { maxCount = SDK_LIMITS.maxTicketCount } = options;
  if (!Number.isSafeInteger(maxCount) || maxCount < 1) {
    throw new RangeError('maxCount must be a positive integer');
  }
  /** The oldest first. */
  const tickets: { readonly key: string; readonly ticket: Uint8Array }[] = [];
  return {
    take(key) {
      const at = tickets.findLastIndex((one) => one.key === key);
      return at === -1 ? undefined : tickets.splice(at, 1)[0]?.ticket;
    },
    put(key, ticket) {
      if (tickets.length >= maxCount) tickets.shift();
      tickets.push({ key, ticket: ticket.slice() });
    },
  };
}

/** For whom a ticket was given, and whom the client trusted when it was. */
export interface TicketScope {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  readonly alpn: string;
  /** PEM; undefined for the authorities that Node.js trusts. */
  readonly ca: string | undefined;
  /** The certificate that the client showed: who resumes is still the one who showed it. PEM. */
  readonly clientCert: string | undefined;
}

/**
 * Under which key a ticket is kept. A connection that trusts others, or shows another certificate, has another key:
 * with a ticket, the certificate of the server is not looked at again.
 *
 * @returns 43 characters of base64url, which tell nothing of what they stand for.
 */
export function ticketKey({ host, port, serverName, alpn, ca, clientCert }: TicketScope): string {
  // JSON keeps the parts apart: no two scopes have one text.
  const parts = [host, port, serverName, alpn, ca ?? null, clientCert ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}
