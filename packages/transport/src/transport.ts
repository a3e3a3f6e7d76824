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
  /**
   * The application protocol that both sides agreed on, by its ALPN name (RFC 7301): what a server that speaks several
   * on one port tells connections apart by. Known from the start, also where early data comes first. A transport
   * without ALPN gives the name that its own way of agreeing stands for.
   */
  readonly protocol: string;
  /** Address of the peer as the network shows it, for the audit log. */
  readonly remoteAddress: string;
  /**
   * 32 bytes that both sides see alike, unless somebody stands between them: the SHA-256 of the server's certificate
   * (DER), or what the TLS exporter gives (RFC 9266). Proofs of possession cover it.
   */
  readonly channelBinding: Uint8Array;
  /**
   * SHA-256 of the certificate (DER) that the client showed and proved to hold the key of: `x5t#S256` of RFC 8705
   * §3.1, 32 bytes. Undefined where it showed none.
   */
  readonly clientThumbprint: Uint8Array | undefined;
  /**
   * Whether what arrives may be a copy of what somebody else sent: early data (0-RTT, RFC 8446 §8). True at a server
   * until the handshake is complete; never at a client, nor where the transport has no early data. When it turns
   * false, all that arrived is known to be the peer's own.
   */
  readonly isEarly: boolean;
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
  /**
   * Goes on from another local address, as after a change of network; streams and what is in flight live on. Absent
   * where the transport cannot.
   *
   * @throws RtaError `RTA_TRANSPORT_UNREACHABLE` where the peer does not answer on the new path: then nothing has
   *   changed; `RTA_TRANSPORT_CLOSED`.
   */
  migrate?(options?: MigrateOptions): Promise<void>;
}

/** Where a connection goes on from. */
export interface MigrateOptions {
  /** A local IP address; by default the one that the operating system chooses. */
  readonly localHost?: string;
  /** Gives up when it fires, and rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** As whom a server answers. */
export interface ServerCredentials {
  /** The server's certificate and those between it and the authority, PEM. */
  readonly cert: string;
  /** The certificate's private key, PEM. */
  readonly key: string;
}

/** Which clients a server wants to know by a certificate (mutual TLS). */
export interface ClientAuthentication {
  /** Certificates of the authorities that issue to clients, PEM. */
  readonly ca: string;
  /** Turns away clients that show none; by default they are served, without a `clientThumbprint`. */
  readonly required?: boolean;
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

/** An open port with a certificate. */
export interface SecureTransportListener extends TransportListener {
  /**
   * Shows another certificate to those who connect from now on; open connections go on.
   *
   * @throws RtaError `RTA_TRANSPORT_CONFIG`: then nothing has changed.
   */
  reload(credentials: ServerCredentials): void;
}

/** Gives each accepted connection to the server: when its handshake is complete, or with its early data. */
export type ConnectionHandler = (connection: TransportConnection) => void;
