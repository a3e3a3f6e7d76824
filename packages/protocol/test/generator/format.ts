/** The published file: docs/spec/protocol.md §11. */

/** A member of a message in JSON; bytes are `{ "bytes": hex }`. */
export type VectorValue =
  | null
  | boolean
  | number
  | string
  | readonly VectorValue[]
  | { readonly [member: string]: VectorValue };

/** A frame that every reader accepts, and that every writer makes of the message. */
export interface AcceptedFrame {
  readonly name: string;
  /** Name of the frame type: docs/spec/protocol.md §3. */
  readonly type: string;
  readonly requestId: number;
  readonly message: { readonly [member: string]: VectorValue };
  readonly frame: string;
}

/** All the bytes of a stream, in which every reader finds this fault first. */
export interface RefusedStream {
  readonly name: string;
  readonly stream: string;
  readonly code: string;
}

/** A binding: docs/spec/protocol.md §5. */
export interface Binding {
  readonly name: string;
  readonly challenge: string;
  readonly channelBinding: string;
  readonly session: string;
  readonly statement: string;
  readonly seed: string;
  readonly publicKey: string;
  readonly signature: string;
}

/** A binding by RESUME: docs/spec/protocol.md §9. */
export interface Resumption {
  readonly name: string;
  readonly nonce: string;
  readonly issuedAtMs: number;
  readonly channelBinding: string;
  readonly session: string;
  readonly statement: string;
  readonly seed: string;
  readonly publicKey: string;
  readonly signature: string;
}

/** The whole file. */
export interface Vectors {
  readonly title: string;
  readonly specification: string;
  readonly accepted: readonly AcceptedFrame[];
  readonly refused: readonly RefusedStream[];
  readonly bindings: readonly Binding[];
  readonly resumptions: readonly Resumption[];
}

/** The text of the published file. */
export function serializeVectors(vectors: Vectors): string {
  return `${JSON.stringify(vectors, null, 2)}\n`;
}
