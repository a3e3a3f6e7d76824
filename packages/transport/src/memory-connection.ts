import { randomUUID } from 'node:crypto';
import { checkCode, decodeCloseReason, encodeCloseReason, surfaceHandlerError } from './close.ts';
import { transportError } from './errors.ts';
import type { TransportLimits } from './limits.ts';
import { MemoryStream, type MemoryStreamOwner } from './memory-stream.ts';
import type { CloseInfo, TransportConnection, TransportStream } from './transport.ts';

/** Stream ids count as in QUIC: fours, from 0 for the client's and 1 for the server's (RFC 9000 §2.1). */
const STREAM_ID_STEP = 4;

/** What both ends of a connection have alike. */
export interface MemoryConnectionOptions {
  readonly limits: TransportLimits;
  readonly protocol: string;
  readonly channelBinding: Uint8Array;
}

/**
 * One end of an in-memory connection. Like a network it gives everything to the other end in a later turn of the
 * event loop, and like QUIC it shows a stream with its first bytes, its end or its reset.
 */
export class MemoryConnection implements TransportConnection, MemoryStreamOwner {
  readonly id = randomUUID();
  readonly kind = 'memory';
  readonly remoteAddress = 'memory';
  readonly clientThumbprint = undefined;
  readonly isEarly = false;
  readonly protocol: string;
  readonly channelBinding: Uint8Array;
  readonly limits: TransportLimits;
  readonly closed: Promise<CloseInfo>;
  readonly #settleClosed: (info: CloseInfo) => void;
  readonly #streams = new Set<MemoryStream>();
  /** Streams that the peer opened and that are not over. */
  readonly #peerStreams = new Set<MemoryStream>();
  /** Streams of the peer that have not shown themselves. */
  readonly #hidden = new Set<MemoryStream>();
  /** Streams of the peer that nobody was there to take. */
  #unclaimed: MemoryStream[] = [];
  #attended = new Set<MemoryStream>();
  #other: MemoryConnection | undefined;
  #onStream: ((stream: TransportStream) => void) | undefined;
  #nextId: number;
  #isClosed = false;
  #peerClose: CloseInfo | undefined;
  #turnScheduled = false;

  private constructor(
    role: 'client' | 'server',
    { limits, protocol, channelBinding }: MemoryConnectionOptions,
  ) {
    this.limits = limits;
    this.protocol = protocol;
    this.channelBinding = Uint8Array.from(channelBinding);
    this.#nextId = role === 'client' ? 0 : 1;
    const { promise, resolve } = Promise.withResolvers<CloseInfo>();
    this.closed = promise;
    this.#settleClosed = resolve;
  }

  /** The two ends of a connection. */
  static pair(options: MemoryConnectionOptions): [MemoryConnection, MemoryConnection] {
    const client = new MemoryConnection('client', options);
    const server = new MemoryConnection('server', options);
    client.#other = server;
    server.#other = client;
    return [client, server];
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  openStream(): TransportStream {
    const other = this.#other;
    if (this.#isClosed || other === undefined) throw transportError('RTA_TRANSPORT_CLOSED');
    if (other.#peerStreams.size >= other.limits.maxStreamCount) {
      throw transportError('RTA_TRANSPORT_STREAM_LIMIT', undefined, {
        details: { openStreams: this.openStreams },
      });
    }
    const stream = new MemoryStream(this.#nextId, this);
    const far = new MemoryStream(this.#nextId, other);
    this.#nextId += STREAM_ID_STEP;
    MemoryStream.join(stream, far);
    this.#streams.add(stream);
    other.#streams.add(far);
    other.#peerStreams.add(far);
    other.#hidden.add(far);
    return stream;
  }

  onStream(handler: (stream: TransportStream) => void): void {
    this.#onStream = handler;
    if (this.#unclaimed.length > 0) this.#schedule();
  }

  close(code = 0, reason = ''): Promise<void> {
    checkCode(code);
    const other = this.#other;
    if (!this.#isClosed && other !== undefined) {
      other.#peerClose = { by: 'peer', code, reason: decodeCloseReason(encodeCloseReason(reason)) };
      other.#schedule();
      this.#end({ by: 'local', code, reason });
    }
    return this.closed.then(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  attend(stream: MemoryStream): void {
    this.#attended.add(stream);
    this.#schedule();
  }

  reveal(stream: MemoryStream): void {
    if (!this.#hidden.has(stream)) return;
    for (const next of this.#hidden) {
      this.#hidden.delete(next);
      this.#unclaimed.push(next);
      if (next === stream) break;
    }
    this.#schedule();
  }

  release(stream: MemoryStream): void {
    this.#streams.delete(stream);
    this.#peerStreams.delete(stream);
  }

  #schedule(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#turnScheduled = false;
    if (!this.#isClosed) this.#offerUnclaimed();
    this.#serveAttended();
    if (this.#peerClose !== undefined && !this.#isClosed) {
      this.#end(this.#peerClose);
      this.#serveAttended();
    }
  }

  #serveAttended(): void {
    const attended = this.#attended;
    this.#attended = new Set();
    for (const stream of attended) stream.turn();
  }

  #offerUnclaimed(): void {
    while (this.#onStream !== undefined) {
      const stream = this.#unclaimed.shift();
      if (stream === undefined) return;
      try {
        this.#onStream(stream);
      } catch (error) {
        surfaceHandlerError(error);
      }
    }
  }

  #end(info: CloseInfo): void {
    this.#isClosed = true;
    for (const stream of this.#streams) stream.connectionClosed(info.code);
    this.#unclaimed = [];
    this.#settleClosed(info);
  }
}
