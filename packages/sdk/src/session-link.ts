import type { Clock } from '@rta/core';
import type { AuthorizeRequest, DecisionMessage, Messages } from '@rta/protocol';
import type { LiveConnection } from './live-connection.ts';

/** What a connection does for a session. Which connection that is may change under a session that goes on living. */
export interface SessionLink {
  /** How often the session was bound to another connection, or anew. */
  readonly moves: number;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  authorize(request: AuthorizeRequest): Promise<DecisionMessage>;
  delegate(message: Messages['delegate']): Promise<Messages['delegated']>;
  list(message: Messages['list']): Promise<Messages['listed']>;
  narrow(message: Messages['narrow']): Promise<Messages['narrowed']>;
  /** Ends a session below this one. */
  endBelow(message: Required<Messages['end']>): Promise<void>;
  /** Ends this session. */
  end(token: Uint8Array): Promise<void>;
  /** The session is over on this side. */
  forget(): void;
  /**
   * Whether there were more moves than these: then a question that was answered `not-bound`, or not at all, may have
   * been asked on a connection that the session had left. Waits for the move that is under way.
   */
  movedSince(moves: number): Promise<boolean>;
}

/** A link, as the client sees it. */
export interface MovableLink extends SessionLink {
  /** The session was bound to this connection: what is asked from now on goes there. */
  moveTo(connection: LiveConnection): void;
}

/**
 * Links a session to the connection that it is bound to.
 *
 * @param pass - runs what has an effect at the server while no move runs: it is done once, or not at all. A question
 *   has none, and goes at once.
 * @param settled - resolves when no move is under way.
 */
export function createSessionLink(options: {
  readonly at: LiveConnection;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly pass: <Result>(errand: () => Promise<Result>) => Promise<Result>;
  readonly settled: () => Promise<void>;
  readonly forget: () => void;
}): MovableLink {
  const { clock, pass, settled, forget } = options;
  let { at } = options;
  let moves = 0;
  return {
    get moves() {
      return moves;
    },
    clock,
    authorize: (request) => at.authorize(request),
    delegate: (message) => pass(() => at.delegate(message)),
    list: (message) => pass(() => at.list(message)),
    narrow: (message) => pass(() => at.narrow(message)),
    endBelow: (message) => pass(() => at.end(message)),
    async end(token) {
      await pass(() => at.end({ token }));
      forget();
    },
    forget,
    async movedSince(before) {
      await settled();
      return moves !== before;
    },
    moveTo(connection) {
      at = connection;
      moves += 1;
    },
  };
}
