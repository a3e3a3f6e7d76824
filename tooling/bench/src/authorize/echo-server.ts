/** A server that gives back what it gets. */
export interface EchoServerContract<Options> {
  readonly options: Options;
  readonly ready: { readonly port: number };
  readonly request: never;
  readonly answer: never;
}

/** What a client of such a server is told. */
export interface EchoLoadOptions {
  readonly port: number;
  /** Bytes of one question, and of its answer. */
  readonly payloadBytes: number;
}
