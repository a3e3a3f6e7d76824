import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto';
import type { NativeConnection } from './native.ts';
import type { ServerIdentifier } from './server-identity.ts';

/** Whom a ticket lets the peers believe that they talk to, and in which protocol. */
export interface TicketScope {
  /** The name that the server's certificate was verified for. */
  readonly serverName: string;
  /** The authorities that were trusted, PEM. */
  readonly ca: string;
  readonly alpn: readonly string[];
  /** The certificate that the client shows, PEM. */
  readonly clientCert: string | undefined;
}

const VERSION = 1;
const DIGEST_BYTES = 32;
const NOTHING = new Uint8Array(0);

/**
 * Makes of sessions what a program keeps of a connection in order to resume it: a version, the digest of what the server
 * was verified against, and quiche's session, in which are the ticket, its secret and the server's certificate.
 *
 * A ticket stands for certificates that were verified once. So it is good only for a client that would verify the
 * server's in the same way (the same name, the same authorities), and that would show the same one itself.
 */
export interface TicketSeal {
  /** Makes a ticket of a session. */
  seal(session: Uint8Array): Uint8Array;
  /**
   * Gives a connection that has not begun the session of a ticket.
   *
   * @returns whether it could: a ticket for another server, one that is damaged, and one whose certificate has expired
   *   are not used. The connection is spoilt then: begin with another.
   */
  use(
    native: NativeConnection,
    options: {
      readonly ticket: Uint8Array;
      readonly identify: ServerIdentifier;
      readonly nowMs: number;
    },
  ): boolean;
}

/** Makes the seal of tickets of one scope. */
export function createTicketSeal(scope: TicketScope): TicketSeal {
  let known: Uint8Array | undefined;
  const digest = (): Uint8Array => (known ??= digestOf(scope));
  const isValidAt = createChainValidity();
  return {
    seal: (session) => Buffer.concat([Uint8Array.of(VERSION), digest(), session]),
    use(native, { ticket, identify, nowMs }) {
      const sealed = ticket.subarray(1, 1 + DIGEST_BYTES);
      if (ticket[0] !== VERSION || sealed.byteLength < DIGEST_BYTES) return false;
      if (!timingSafeEqual(sealed, digest())) return false;
      try {
        native.setSession(Uint8Array.from(ticket.subarray(1 + DIGEST_BYTES)));
        const chain = native.peerCertChain();
        identify(chain);
        return isValidAt(chain ?? [], nowMs);
      } catch {
        return false;
      }
    },
  };
}

/** Says whether all certificates of a chain (DER) are valid at a time, and reads a chain again only where it is another. */
function createChainValidity(): (chain: readonly Uint8Array[], nowMs: number) => boolean {
  let known:
    | { readonly chain: readonly Uint8Array[]; readonly fromMs: number; readonly toMs: number }
    | undefined;
  return (chain, nowMs) => {
    if (known === undefined || !isSameChain(known.chain, chain)) {
      const certificates = chain.map((der) => new X509Certificate(der));
      known = {
        chain,
        fromMs: Math.max(...certificates.map(({ validFrom }) => Date.parse(validFrom))),
        toMs: Math.min(...certificates.map(({ validTo }) => Date.parse(validTo))),
      };
    }
    return known.fromMs <= nowMs && nowMs <= known.toMs;
  };
}

function isSameChain(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return (
    one.length === other.length &&
    one.every((der, index) => Buffer.compare(der, other[index] ?? NOTHING) === 0)
  );
}

/** Every part is preceded by its length, so that no two scopes are alike. */
function digestOf({ serverName, ca, alpn, clientCert = '' }: TicketScope): Uint8Array {
  const hash = createHash('sha256');
  for (const part of [serverName, ca, clientCert, ...alpn])
    hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest();
}
