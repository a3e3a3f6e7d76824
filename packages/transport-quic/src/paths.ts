import type { QuicEndpoint } from './endpoint.ts';
import type { Address, NativeConnection, SendInfo } from './native.ts';

/**
 * The network paths of one connection: which socket its packets leave by, where they go to, and what becomes of that
 * when an address changes. A client chooses its paths (`client-paths.ts`); a server follows its peer
 * (`peer-paths.ts`).
 */
export interface ConnectionPaths {
  /** Where the peer is, as far as it has proved it (RFC 9000 §8). */
  readonly peer: Address;
  /** The socket that the connection sends by. */
  readonly endpoint: QuicEndpoint;
  /** Where quiche is told that a datagram comes from; undefined for one that is not read at all. */
  source(from: Address, byteLength: number): Address | undefined;
  /** quiche has read a datagram, and was told that it comes from there. */
  afterReceive(source: Address): void;
  /** Sends the first bytes of the endpoint's `space()` on the path that quiche chose, and returns them. */
  send(byteLength: number, info: SendInfo): Buffer;
  /** The next packet where `send` of quiche has none, or null where there is none at all. */
  sendElse(space: Buffer): ReturnType<NativeConnection['send']>;
  /** The handshake is complete: from here on a path may change. */
  open(): void;
  /** Called once, after `open`, when nothing else waits: for what takes time. */
  settle(): void;
  /** Deals with what quiche says of paths. */
  attend(): void;
  /** Time has passed, and quiche has looked at it. */
  onTimer(): void;
  /** The peer was asked for a sign of life, and gave none. */
  onSilence(): void;
  /** The connection is over. */
  close(): void;
}
