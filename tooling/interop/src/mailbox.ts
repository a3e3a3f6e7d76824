/** Values that are waited for one by one, in the order in which they came. */
export class Mailbox<Value> {
  readonly #values: Value[] = [];
  readonly #waiting: ((value: Value) => void)[] = [];

  /** Gives the value to who waits, or keeps it. */
  put(value: Value): void {
    const receive = this.#waiting.shift();
    if (receive === undefined) this.#values.push(value);
    else receive(value);
  }

  /** The oldest value that nobody has taken, or the next that comes. */
  next(): Promise<Value> {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift() as Value);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
