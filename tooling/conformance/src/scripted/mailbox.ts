/** What came, in order, and who waits for it. */
export class Mailbox<Item> {
  readonly #items: Item[] = [];
  readonly #waiting = new Set<() => void>();

  /** All that came so far. */
  get all(): readonly Item[] {
    return this.#items;
  }

  put(item: Item): void {
    this.#items.push(item);
    for (const look of this.#waiting) look();
  }

  /**
   * The first that fits, or comes to fit within the time.
   *
   * @throws Error that says what was waited for.
   */
  find(what: string, fits: (item: Item) => boolean, withinMs = 15_000): Promise<Item> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`${what}: nothing came within ${withinMs} ms`));
      }, withinMs);
      const look = (): void => {
        const found = this.#items.find(fits);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
