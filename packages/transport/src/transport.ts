/**
 * The transport port: an encrypted connection between two peers, carrying many independent byte streams.
 *
 * Callbacks rather than promises or async iterators, because decisions travel here: a frame that arrives is
 * handled in the same turn of the event loop, and a reply leaves in the same packet where it fits.
 */

/** Why and how a connection ended. */
export interface CloseInfo {
  /** Who ended it: this side, the peer, or nobody (idle timeout, lost network). */
  readonly by: 'local' | 'peer' | 'timeout' | 'transport';
  /** Application close code (`docs/spec/protocol.md` §8); for `transport`, the transport's own code. */
  readonly code: number;
  /** A short text for people; never a secret. */
  readonly reason: string;
}

/** What a stream tells its owner. All are called from the event loop, never from inside a call to the stream. */
export interface StreamHandlers {
  /** Bytes that arrived, in order. The array is the receiver's to keep. */
  onData(chunk: Uint8Array): void;
  /** The peer will send no more. */
  onEnd?(): void;
  /**
   * The stream broke off: the peer reset it, or the connection closed (then the code is the close code).
   * Nothing follows. Also told while the stream is paused.
   */
  onReset?(code: number): void;
  /** After `write` returned false: the stream takes more again. */
  onWritable?(): void;
}

/** One bidirectional, ordered, reliable byte stream. */
export interface TransportStream {
  /** Unique within its connection. */
  readonly id: number;
  /** Bytes accepted by `write` that have not been handed to the network yet. */
  readonly bufferedBytes: number;
  /** Sets who is told; data that arrived before is delivered in the next turn. */
  setHandlers(handlers: StreamHandlers): void;
  /**
   * Queues bytes; the caller must not change them afterwards.
   *
   * @returns false when the buffer stands above its high-water mark: wait for `onWritable`.
   * @throws RtaError `RTA_TRANSPORT_STREAM_CLOSED` after `end`, `reset` or `onReset`;
   *   `RTA_TRANSPORT_BUFFER_FULL` where the bytes would pass the hard limit: none of them was taken.
   */
  write(bytes: Uint8Array): boolean;
  /** No more will be written; what is queued is still sent. Reading goes on. Idempotent. */
  end(): void;
  /** Breaks the stream off in both directions; what is queued is dropped, and this side's handlers fall silent. */
  reset(code: number): void;
  /** Stops reading: the peer is held back by flow control. */
  pause(): void;
  /** Reads on. */
  resume(): void;
}

/** One connection to one peer. */
export interface TransportConnection extends AsyncDisposable {
  /** Unique in this process, for logs and bindings. */
  readonly id: string;
  readonly kind: 'memory' | 'quic' | 'websocket';
  /** Address of the peer as the network shows it, for the audit log. */
  readonly remoteAddress: string;
  /**
   * SHA-256 of the server's certificate (DER), 32 bytes: both sides see the same value, unless somebody
   * stands between them. Proofs of possession cover it.
   */
  readonly channelBinding: Uint8Array;
  /** Settled when the connection has ended; never rejects. */
  readonly closed: Promise<CloseInfo>;
  /** Streams that are open, in both directions of opening. */
  readonly openStreams: number;
  /**
   * Opens a stream. The peer sees it with its first bytes, its end or its reset, and with it those opened before.
   *
   * @throws RtaError `RTA_TRANSPORT_CLOSED`, or `RTA_TRANSPORT_STREAM_LIMIT` where the peer allows no more now.
   */
  openStream(): TransportStream;
  /** Sets who is given the peer's streams; those opened before are delivered in the next turn. */
  onStream(handler: (stream: TransportStream) => void): void;
  /**
   * Ends the connection and its streams; what the network has not taken is dropped. A second call changes nothing.
   * Resolves when the peer was told.
   *
   * @param code application close code, default 0.
   * @param reason cut after `TRANSPORT_LIMITS.maxReasonBytes` of UTF-8.
   */
  close(code?: number, reason?: string): Promise<void>;
}

/** A server's open port. */
export interface TransportListener extends AsyncDisposable {
  readonly kind: TransportConnection['kind'];
  /** Where it listens, e.g. `127.0.0.1` and the port that was bound. */
  readonly address: { readonly host: string; readonly port: number };
  /** Connections that are open. */
  readonly openConnections: number;
  /** Stops accepting; existing connections are closed with the code. Idempotent. */
  close(code?: number, reason?: string): Promise<void>;
}

/** Gives each accepted connection to the server, after its handshake is complete. */
export type ConnectionHandler = (connection: TransportConnection) => void;
