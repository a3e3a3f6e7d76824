interface Node {
  readonly key: string;
  expiresAtMs: number;
  /** Its place in the heap. */
  index: number;
}

/** Keys by the time at which they expire. Every operation takes O(log n). */
export interface ExpiryIndex {
  readonly size: number;
  /** When the key expires, where it is in the index. */
  get(key: string): number | undefined;
  /** Adds a key, or moves it. */
  set(key: string, expiresAtMs: number): void;
  delete(key: string): void;
  /** Removes and returns the key that expires first, where that was before `nowMs`. */
  takeExpired(nowMs: number): string | undefined;
}

/** Makes an empty index: a binary min-heap with a map from keys to places. */
export function createExpiryIndex(): ExpiryIndex {
  const heap: Node[] = [];
  const byKey = new Map<string, Node>();

  const place = (node: Node, index: number): void => {
    heap[index] = node;
    node.index = index;
  };

  const moveUp = (node: Node): void => {
    let index = node.index;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || parent.expiresAtMs <= node.expiresAtMs) break;
      place(parent, index);
      index = parentIndex;
    }
    place(node, index);
  };

  const moveDown = (node: Node): void => {
    let index = node.index;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      const child =
        right !== undefined && left !== undefined && right.expiresAtMs < left.expiresAtMs ? right : left;
      if (child === undefined || node.expiresAtMs <= child.expiresAtMs) break;
      const childIndex = child.index;
      place(child, index);
      index = childIndex;
    }
    place(node, index);
  };

  const remove = (node: Node): void => {
    byKey.delete(node.key);
    const last = heap.pop();
    if (last === undefined || last === node) return;
    // The last node takes the free place; it may belong further up or further down.
    place(last, node.index);
    moveUp(last);
    moveDown(last);
  };

  return {
    get size() {
      return heap.length;
    },
    get: (key) => byKey.get(key)?.expiresAtMs,
    set(key, expiresAtMs) {
      const known = byKey.get(key);
      const node = known ?? { key, expiresAtMs, index: heap.length };
      node.expiresAtMs = expiresAtMs;
      byKey.set(key, node);
      if (known === undefined) heap.push(node);
      moveUp(node);
      moveDown(node);
    },
    delete(key) {
      const node = byKey.get(key);
      if (node !== undefined) remove(node);
    },
    takeExpired(nowMs) {
      const first = heap[0];
      if (first === undefined || first.expiresAtMs >= nowMs) return undefined;
      remove(first);
      return first.key;
    },
  };
}
