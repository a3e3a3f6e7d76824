import {
  surfaceHandlerError,
  type TransportLimits,
  type TransportStream,
  transportError,
} from '@rta/transport';
import { webSocketError } from './errors.ts';
import { MAX_CREDIT, type Settings } from './frame-reader.ts';
import type { FrameWriter } from './frame-writer.ts';
import { WEBSOCKET_LIMITS } from './limits.ts';
import { type StreamOwner, WebSocketStream } from './stream.ts';

/** Stream ids count as in QUIC: fours, from 0 for the client's and 1 for the server's (RFC 9000 §2.1). */
const FIRST_ID = { client: 0, server: 1 } as const;
const ID_STEP = 4;
const ID_TYPE_MASK = 3;

/** What the streams need of their connection. */
export interface ConnectionStreamsOptions {
  readonly role: 'client' | 'server';
  readonly limits: TransportLimits;
  /** Asks for a turn. */
  readonly schedule: () => void;
  /** Asks for a flush at the end of this turn. */
  readonly flushSoon: () => void;
}

/**
 * The streams of one connection: which there are, what each side may send, and whose turn it is. Everything that is to
 * be said is kept as what it amounts to, a sum or a set, and becomes frames when the network takes them: a peer that
 * does not read makes no queue of frames.
 */
export class ConnectionStreams implements StreamOwner {
  readonly limits: TransportLimits;
  readonly #options: ConnectionStreamsOptions;
  readonly #streams = new Map<number, WebSocketStream>();
  /** Streams that have something to tell. */
  #attended = new Set<WebSocketStream>();
  /** Streams that have something to send and may: the first has waited longest. */
  readonly #sendable = new Set<WebSocketStream>();
  /** Streams that wait for credit of the connection. */
  readonly #starved = new Set<WebSocketStream>();
  /** Streams whose peer is to be given credit. */
  readonly #creditors = new Set<WebSocketStream>();
  /** Resets that have not been written, by stream id. */
  readonly #resets = new Map<number, number>();
  /** Streams of the peer that nobody was there to take. */
  #unclaimed: WebSocketStream[] = [];
  #onStream: ((stream: TransportStream) => void) | undefined;
  readonly #firstOwnId: number;
  readonly #firstPeerId: number;
  #nextOwnId: number;
  #nextPeerId: number;
  #initialSendCredit = 0;
  #sendCredit = 0;
  #receiveCredit: number = WEBSOCKET_LIMITS.connectionWindowBytes;
  #creditOwed = 0;
  /** Streams that this side may still open. */
  #ownStreamCredit = 0;
  /** Streams that the peer may still open. */
  #peerStreamCredit: number;
  #streamsOwed = 0;

  constructor(options: ConnectionStreamsOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.#firstOwnId = FIRST_ID[options.role];
    this.#firstPeerId = FIRST_ID[options.role === 'client' ? 'server' : 'client'];
    this.#nextOwnId = this.#firstOwnId;
    this.#nextPeerId = this.#firstPeerId;
    this.#peerStreamCredit = options.limits.maxStreamCount;
  }

  /** The peer has said what it allows. */
  start(settings: Settings): void {
    this.#initialSendCredit = settings.streamWindowBytes;
    this.#sendCredit = settings.connectionWindowBytes;
    this.#ownStreamCredit = settings.streamCount;
  }

  get size(): number {
    return this.#streams.size;
  }

  /** @throws RtaError `RTA_TRANSPORT_STREAM_LIMIT`. */
  open(): TransportStream {
    // A program that opens and resets while the peer reads nothing would make the list of resets grow.
    if (this.#ownStreamCredit === 0 || this.#resets.size >= this.limits.maxStreamCount) {
      throw transportError('RTA_TRANSPORT_STREAM_LIMIT', undefined, { details: { openStreams: this.size } });
    }
    this.#ownStreamCredit -= 1;
    const stream = this.#add(this.#nextOwnId);
    this.#nextOwnId += ID_STEP;
    return stream;
  }

  onStream(handler: (stream: TransportStream) => void): void {
    this.#onStream = handler;
    if (this.#unclaimed.length > 0) this.#options.schedule();
  }

  /** @throws RtaError `RTA_WEBSOCKET_CREDIT`, `RTA_WEBSOCKET_STREAM`, `RTA_WEBSOCKET_ORDER`. */
  receiveData(id: number, bytes: Uint8Array, isLast: boolean): void {
    if (bytes.byteLength > this.#receiveCredit) throw webSocketError('RTA_WEBSOCKET_CREDIT');
    this.#receiveCredit -= bytes.byteLength;
    const stream = this.#find(id);
    // A stream that is over here, while the peer did not know.
    if (stream === undefined) this.consumed(bytes.byteLength);
    else stream.receive(bytes, isLast);
  }

  /** @throws RtaError `RTA_WEBSOCKET_STREAM`. */
  receiveReset(id: number, code: number): void {
    this.#find(id)?.receiveReset(code);
  }

  /** @throws RtaError `RTA_WEBSOCKET_STREAM`, `RTA_WEBSOCKET_CREDIT`. */
  receiveStreamCredit(id: number, bytes: number): void {
    if (this.#isOfPeer(id) && id >= this.#nextPeerId) {
      throw webSocketError('RTA_WEBSOCKET_STREAM', 'credit does not open a stream', { details: { id } });
    }
    this.#find(id)?.addSendCredit(bytes);
  }

  /** @throws RtaError `RTA_WEBSOCKET_CREDIT`. */
  receiveConnectionCredit(bytes: number): void {
    this.#sendCredit = addCredit(this.#sendCredit, bytes);
    for (const stream of this.#starved) this.#sendable.add(stream);
    this.#starved.clear();
    this.#options.flushSoon();
  }

  /** @throws RtaError `RTA_WEBSOCKET_CREDIT`. */
  receiveStreams(count: number): void {
    this.#ownStreamCredit = addCredit(this.#ownStreamCredit, count);
  }

  /** Gives the program the streams that came before `onStream`. */
  offerUnclaimed(): void {
    while (this.#onStream !== undefined) {
      const stream = this.#unclaimed.shift();
      if (stream === undefined) return;
      if (stream.isOver) this.#oweStream();
      try {
        this.#onStream(stream);
      } catch (error) {
        surfaceHandlerError(error);
      }
    }
  }

  /** Gives their turn to the streams that asked for one; also when the connection is closed. */
  serveAttended(): void {
    if (this.#attended.size === 0) return;
    const attended = this.#attended;
    this.#attended = new Set();
    for (const stream of attended) stream.turn();
  }

  /** Whether there is anything to write. */
  get hasFrames(): boolean {
    return (
      this.#sendable.size > 0 ||
      this.#resets.size > 0 ||
      this.#creditors.size > 0 ||
      this.#streamsOwed > 0 ||
      this.#owesConnectionCredit
    );
  }

  /** Writes one message: first what lets the peer go on, then the streams, each its run of bytes in turn. */
  writeMessage(writer: FrameWriter): void {
    for (const [id, code] of this.#resets) {
      if (writer.room < 0) return;
      this.#resets.delete(id);
      writer.reset(id, code);
    }
    for (const stream of this.#creditors) {
      if (writer.room < 0) return;
      this.#creditors.delete(stream);
      const owed = stream.takeCreditOwed();
      if (owed > 0) writer.streamCredit(stream.id, owed);
    }
    if (this.#owesConnectionCredit && writer.room >= 0) {
      writer.connectionCredit(this.#creditOwed);
      this.#receiveCredit += this.#creditOwed;
      this.#creditOwed = 0;
    }
    // A stream that goes to the end of the set has its turn again while there is room.
    for (const stream of this.#sendable) {
      if (writer.room <= 0) return;
      this.#sendable.delete(stream);
      this.#sendCredit -= stream.writeFrame(writer, this.#sendCredit);
      if (stream.canSend) (this.#sendCredit > 0 ? this.#sendable : this.#starved).add(stream);
    }
    if (this.#streamsOwed > 0 && writer.room >= 0) {
      writer.streams(this.#streamsOwed);
      this.#peerStreamCredit += this.#streamsOwed;
      this.#streamsOwed = 0;
    }
  }

  /** Breaks all streams off. */
  closeAll(code: number): void {
    for (const stream of this.#streams.values()) stream.connectionClosed(code);
    this.#sendable.clear();
    this.#starved.clear();
    this.#creditors.clear();
    this.#resets.clear();
    this.#unclaimed = [];
  }

  attend(stream: WebSocketStream): void {
    this.#attended.add(stream);
    this.#options.schedule();
  }

  sendSoon(stream: WebSocketStream): void {
    if (this.#starved.has(stream)) return;
    this.#sendable.add(stream);
    this.#options.flushSoon();
  }

  consumed(byteLength: number): void {
    this.#creditOwed += byteLength;
    if (this.#owesConnectionCredit) this.#options.flushSoon();
  }

  giveCreditSoon(stream: WebSocketStream): void {
    this.#creditors.add(stream);
    this.#options.flushSoon();
  }

  sendReset(stream: WebSocketStream, code: number): void {
    this.#resets.set(stream.id, code);
    this.#options.flushSoon();
  }

  release(stream: WebSocketStream): void {
    this.#sendable.delete(stream);
    this.#starved.delete(stream);
    this.#creditors.delete(stream);
    this.#streams.delete(stream.id);
    // One that nobody took yet goes on to count against the peer's limit.
    if (this.#isOfPeer(stream.id) && !this.#unclaimed.includes(stream)) this.#oweStream();
  }

  get #owesConnectionCredit(): boolean {
    return this.#creditOwed >= WEBSOCKET_LIMITS.connectionWindowBytes / 2;
  }

  #oweStream(): void {
    this.#streamsOwed += 1;
    this.#options.flushSoon();
  }

  #isOfPeer(id: number): boolean {
    return (id & ID_TYPE_MASK) === this.#firstPeerId;
  }

  #add(id: number): WebSocketStream {
    const stream = new WebSocketStream(id, this, this.#initialSendCredit);
    this.#streams.set(id, stream);
    return stream;
  }

  /** The stream, which may have been opened just now, or undefined where it is over. */
  #find(id: number): WebSocketStream | undefined {
    if (this.#isOfPeer(id)) {
      if (id >= this.#nextPeerId) this.#acceptUpTo(id);
    } else if ((id & ID_TYPE_MASK) !== this.#firstOwnId || id >= this.#nextOwnId) {
      throw webSocketError('RTA_WEBSOCKET_STREAM', 'the stream was never opened', { details: { id } });
    }
    return this.#streams.get(id);
  }

  /** A stream of the peer opens those with lower ids too, as in QUIC. */
  #acceptUpTo(id: number): void {
    const count = (id - this.#nextPeerId) / ID_STEP + 1;
    if (count > this.#peerStreamCredit) {
      throw webSocketError('RTA_WEBSOCKET_STREAM', 'the peer opened more streams than it may', {
        details: { id },
      });
    }
    this.#peerStreamCredit -= count;
    for (; this.#nextPeerId <= id; this.#nextPeerId += ID_STEP) {
      this.#unclaimed.push(this.#add(this.#nextPeerId));
    }
    this.offerUnclaimed();
  }
}

function addCredit(credit: number, more: number): number {
  if (credit + more > MAX_CREDIT) throw webSocketError('RTA_WEBSOCKET_CREDIT');
  return credit + more;
}
