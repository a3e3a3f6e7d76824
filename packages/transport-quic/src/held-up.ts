/** Datagrams that Node.js reads before it gives everything else a turn: where fewer came, there were no more. */
const READ_BATCH = 32;
/** Callbacks in one turn: a turn is short, so that the socket is read again soon. */
const CALLS_PER_TURN = 32;
/** Callbacks in one turn while datagrams still wait. Not none: who sends without end must not hold up time. */
const CALLS_PER_BUSY_TURN = 4;

/**
 * What has to wait for the socket to be read, because the process was held up: what peers sent meanwhile stands there.
 *
 * A process that gives time the first turn sends again what was acknowledged long ago, on all its connections. Each
 * such packet is answered, the answers fill the socket, what it cannot hold is lost and sent once more, and soon
 * nothing else is done. So it is the other way round: reading comes first, and the rest is done a little at a time.
 */
export class HeldUp {
  /** In the order of their coming: one for each connection at most. */
  readonly #waiting: (() => void)[] = [];
  #datagrams = 0;

  /** A datagram was read. */
  noteDatagram(): void {
    this.#datagrams += 1;
  }

  /** Calls back when the socket has been read, as far as that does not take too long. */
  afterReading(callback: () => void): void {
    this.#waiting.push(callback);
    if (this.#waiting.length === 1) this.#waitForTurn();
  }

  /** The event loop reads the socket before the turn comes. */
  #waitForTurn(): void {
    this.#datagrams = 0;
    setImmediate(this.#serve);
  }

  readonly #serve = (): void => {
    const due = this.#waiting.splice(0, this.#datagrams < READ_BATCH ? CALLS_PER_TURN : CALLS_PER_BUSY_TURN);
    if (this.#waiting.length > 0) this.#waitForTurn();
    for (const callback of due) callback();
  };
}
