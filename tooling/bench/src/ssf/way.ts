/** A token that is ready to be sent. */
export interface SignedSet {
  readonly jti: string;
  /** The compact JWS. */
  readonly set: string;
}

/** A way by which tokens come to the server. */
export interface Way {
  /**
   * Sends tokens, as many at a time as this way does.
   *
   * @returns when the server has acknowledged every one of them.
   * @throws Error where it takes one of them otherwise.
   */
  deliver(sets: readonly SignedSet[]): Promise<void>;
}

/** The ways there are. */
export const WAYS = ['push', 'multi-push', 'poll', 'quic', 'quic-batched'] as const;

/** The name of a way. */
export type WayName = (typeof WAYS)[number];

/** What tokens are signed with: what is most common, and what is fastest. */
export const ALGORITHMS = ['RS256', 'EdDSA'] as const;

/** One of {@link ALGORITHMS}. */
export type Algorithm = (typeof ALGORITHMS)[number];

/** Tokens that are on their way at any time. */
export const IN_FLIGHT: Readonly<Record<WayName, number>> = {
  push: 32,
  'multi-push': 256,
  // What the server asks for with one poll.
  poll: 64,
  quic: 32,
  // What a sender has on its way at most.
  'quic-batched': 256,
};
