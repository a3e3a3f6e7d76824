import { createHash, hkdfSync } from 'node:crypto';
import type { ClientAuthentication } from '@rta/transport';
import { QUIC_LIMITS } from './limits.ts';

/** A name, a MAC key and an encryption key of 16 bytes each, as the TLS library wants them. */
const TICKET_KEY_BYTES = 48;
const LABEL = 'rta quic ticket key v1';

/**
 * The key that protects session tickets, at a time: listeners with the same secret and certificate have the same, and
 * so accept each other's tickets without a word between them.
 *
 * - It changes with the certificate. A resumed connection shows none, and both sides take its channel binding from
 *   the certificate that they remember: it has to be the same one.
 * - It changes with what is asked of clients. A resumed connection shows no client certificate either: the server takes
 *   it from the ticket, and with it the judgement of the one who issued that.
 * - It changes with time: who learns a key can read the early data of the tickets that it protected, of
 *   `ticketKeyLifetimeMs` and no longer (RFC 8446 §8, appendix E.1). A client that comes back with a ticket of the
 *   period before makes a full handshake.
 */
export interface TicketKeys {
  /** The key of the period, where it is another one than was returned before; undefined where nothing changed. */
  next(nowMs: number): Uint8Array | undefined;
}

/**
 * @param secret shared by the listeners, 32 bytes.
 * @param channelBinding SHA-256 of the certificate.
 */
export function createTicketKeys(
  secret: Uint8Array,
  channelBinding: Uint8Array,
  clientAuthentication?: ClientAuthentication,
): TicketKeys {
  const salt = saltOf(channelBinding, clientAuthentication);
  let current: number | undefined;
  return {
    next(nowMs) {
      const period = Math.floor(nowMs / QUIC_LIMITS.ticketKeyLifetimeMs);
      if (period === current) return undefined;
      current = period;
      const info = `${LABEL} ${period}`;
      return new Uint8Array(hkdfSync('sha256', secret, salt, info, TICKET_KEY_BYTES));
    },
  };
}

function saltOf(
  channelBinding: Uint8Array,
  clientAuthentication: ClientAuthentication | undefined,
): Uint8Array {
  if (clientAuthentication === undefined) return channelBinding;
  const { ca, required = false } = clientAuthentication;
  return createHash('sha256')
    .update(channelBinding)
    .update(Uint8Array.of(required ? 1 : 0))
    .update(ca)
    .digest();
}
