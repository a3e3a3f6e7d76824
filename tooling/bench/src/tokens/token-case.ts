/** One way to tell whether a token is good. */
export interface TokenCase {
  readonly name: string;
  /** Length of a token, as it travels. */
  readonly bytes: number;
  /** Looks at so many tokens, one after the other; throws where a good one is refused. */
  runBatch(count: number): void | Promise<void>;
}
