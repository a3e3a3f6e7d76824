/** How a program is started: what comes before its own arguments, and what it needs in its environment. */
export interface Launch {
  readonly command: readonly [program: string, ...args: string[]];
  /** Added to the environment of this process. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Whether this machine has a program; if not, why, and what to do about it. */
export type Obtained =
  | { readonly available: true; readonly launch: Launch }
  | { readonly available: false; readonly because: string; readonly install: string };

/** A server that tests can ask for. */
export interface Service {
  readonly name: string;
  /** Finds the program or fetches it. It never throws, and what it fetched once is there the next time. */
  obtain(): Promise<Obtained>;
}
