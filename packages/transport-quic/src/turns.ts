/** What gets turns. */
export interface TurnTaker {
  /** Deal with what came in: all of it, since the last turn. */
  turn(): void;
  /** Send what there is to send. */
  flush(): void;
}

/**
 * When connections get their turns.
 *
 * A turn comes when the event loop has read all the datagrams that are there, so that one turn, and one flight of
 * packets, is for all of them.
 *
 * A flush comes when the program has nothing more to do at the moment: after the turn's handlers, and after the
 * promises that they settled. So an answer that takes some awaiting leaves in the packet that acknowledges its request.
 */
export class Turns {
  #due = new Set<TurnTaker>();
  #served = new Set<TurnTaker>();
  #unsent = new Set<TurnTaker>();
  #sent = new Set<TurnTaker>();
  #turnIsDue = false;
  #flushIsDue = false;

  /** Gives it a turn. */
  schedule(taker: TurnTaker): void {
    this.#due.add(taker);
    if (this.#turnIsDue) return;
    this.#turnIsDue = true;
    setImmediate(this.#turn);
  }

  /** Flushes it when the program has nothing more to do at the moment. */
  flushSoon(taker: TurnTaker): void {
    this.#unsent.add(taker);
    if (this.#flushIsDue) return;
    this.#flushIsDue = true;
    // A tick that a microtask asks for comes when all microtasks are done.
    queueMicrotask(this.#afterMicrotasks);
  }

  readonly #afterMicrotasks = (): void => process.nextTick(this.#flush);

  readonly #turn = (): void => {
    this.#turnIsDue = false;
    const due = this.#due;
    this.#due = this.#served;
    this.#served = due;
    for (const taker of due) {
      taker.turn();
      this.flushSoon(taker);
    }
    due.clear();
  };

  readonly #flush = (): void => {
    this.#flushIsDue = false;
    const unsent = this.#unsent;
    this.#unsent = this.#sent;
    this.#sent = unsent;
    for (const taker of unsent) taker.flush();
    unsent.clear();
  };
}
