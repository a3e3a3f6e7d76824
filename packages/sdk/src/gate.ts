/** Lets errands run side by side, and a move alone. */
export interface Gate {
  /** Runs an errand; while a move runs, it waits for its end. */
  pass<Result>(errand: () => Promise<Result>): Promise<Result>;
  /**
   * Runs a move, in a moment without errands. Until that moment comes, errands are not held back: they are what the
   * application waits for, and the move can wait.
   */
  alone<Result>(move: () => Promise<Result>): Promise<Result>;
  /** Resolves when no move runs. */
  settled(): Promise<void>;
}

/** What goes on at a gate. */
interface Traffic {
  errands: number;
  /** Settles, and is forgotten, when the move that runs is over. */
  move: Promise<void> | undefined;
}

/** Makes an open gate. */
export function createGate(): Gate {
  const traffic: Traffic = { errands: 0, move: undefined };
  let idle = Promise.withResolvers<void>();

  return {
    async pass(errand) {
      // One move may follow the other before this turn comes.
      while (traffic.move !== undefined) await traffic.move;
      traffic.errands += 1;
      try {
        return await errand();
      } finally {
        traffic.errands -= 1;
        if (traffic.errands === 0) {
          idle.resolve();
          idle = Promise.withResolvers();
        }
      }
    },
    async alone(work) {
      while (traffic.errands > 0 || traffic.move !== undefined) await (traffic.move ?? idle.promise);
      const result = work();
      const over = (): void => {
        traffic.move = undefined;
      };
      traffic.move = result.then(over, over);
      return result;
    },
    async settled() {
      while (traffic.move !== undefined) await traffic.move;
    },
  };
}
