/** How many there are of each key. Keys of which there are none take no memory. */
export class Counter {
  readonly #counts = new Map<string, number>();

  /** How many of this key there are. */
  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Keys of which there are any. */
  get size(): number {
    return this.#counts.size;
  }

  /** One more. */
  add(key: string): void {
    this.#counts.set(key, this.of(key) + 1);
  }

  /** One less. */
  remove(key: string): void {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
