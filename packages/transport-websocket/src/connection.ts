import { randomUUID } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type Clock, isRtaError, type Timer } from '@rta/core';
import {
  type CloseInfo,
  checkCode,
  decodeCloseReason,
  encodeCloseReason,
  type TransportConnection,
  type TransportLimits,
  type TransportStream,
  transportError,
} from '@rta/transport';
import type { WebSocket } from 'ws';
import { formatAddress } from './address.ts';
import { ConnectionStreams } from './connection-streams.ts';
import { webSocketError } from './errors.ts';
import { type FrameHandler, readFrames, type Settings } from './frame-reader.ts';
import type { FrameWriter } from './frame-writer.ts';
import { WEBSOCKET_LIMITS } from './limits.ts';
import { Liveness } from './liveness.ts';
import { CLOSE_STATUS, PROTOCOL, statusOf } from './web-socket.ts';

/** What is fixed when a connection begins. */
export interface ConnectionOptions {
  readonly role: 'client' | 'server';
  /** Open: its upgrade is complete. */
  readonly webSocket: WebSocket;
  /** What the WebSocket runs over. */
  readonly socket: TLSSocket;
  /** Where messages are written; others may use it between two calls. */
  readonly writer: FrameWriter;
  readonly limits: TransportLimits;
  readonly clock: Clock;
  readonly channelBinding: Uint8Array;
  readonly clientThumbprint: Uint8Array | undefined;
  readonly idleTimeoutMs: number;
  /** Send something when nothing arrived for this long; undefined for never. */
  readonly keepAliveMs: number | undefined;
  /** The peer has sent SETTINGS: the connection is the program's from here on. */
  readonly onOpen: (connection: WebSocketConnection) => void;
  /** The connection has ended, or never opened. Called once; the socket may still be closing. */
  readonly onEnd: (connection: WebSocketConnection, info: CloseInfo) => void;
}

/**
 * One connection: moves messages and time between the WebSocket, the streams and the program.
 *
 * A message that arrives is told at once. What the program writes leaves when it has nothing more to do at the moment:
 * after the handlers, and after the promises that they settled, so that answers share a message.
 */
export class WebSocketConnection implements TransportConnection, FrameHandler {
  readonly id = randomUUID();
  readonly kind = 'websocket';
  readonly isEarly = false;
  readonly protocol = PROTOCOL;
  readonly remoteAddress: string;
  readonly channelBinding: Uint8Array;
  readonly clientThumbprint: Uint8Array | undefined;
  readonly closed: Promise<CloseInfo>;
  /** Settled when the socket is closed. */
  readonly gone: Promise<void>;
  readonly #options: ConnectionOptions;
  readonly #webSocket: WebSocket;
  readonly #streams: ConnectionStreams;
  readonly #liveness: Liveness;
  readonly #settleClosed: (info: CloseInfo) => void;
  readonly #settleGone: () => void;
  #phase: 'handshake' | 'open' | 'closed' = 'handshake';
  #turnScheduled = false;
  #flushScheduled = false;
  /** Settled when the peer was told of the close, or never can be. */
  #told: Promise<unknown> | undefined;
  #lingerTimer: Timer | undefined;

  constructor(options: ConnectionOptions) {
    const { socket, webSocket } = options;
    this.#options = options;
    this.#webSocket = webSocket;
    this.remoteAddress = formatAddress(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0);
    this.channelBinding = options.channelBinding;
    this.clientThumbprint = options.clientThumbprint;
    this.#streams = new ConnectionStreams({
      role: options.role,
      limits: options.limits,
      schedule: () => this.#schedule(),
      flushSoon: () => this.#flushSoon(),
    });
    this.#liveness = new Liveness({
      clock: options.clock,
      idleTimeoutMs: options.idleTimeoutMs,
      keepAliveMs: options.keepAliveMs,
      ping: () => webSocket.ping(),
      onDead: (reason) => this.#dead(reason),
    });
    const closed = Promise.withResolvers<CloseInfo>();
    this.closed = closed.promise;
    this.#settleClosed = closed.resolve;
    const gone = Promise.withResolvers<void>();
    this.gone = gone.promise;
    this.#settleGone = gone.resolve;
  }

  /** Takes over the WebSocket, and says what the peer may send. */
  start(): void {
    const { limits, socket, writer, idleTimeoutMs } = this.#options;
    socket.on('data', () => this.#liveness.heard());
    this.#webSocket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    this.#webSocket.on('error', (error) => {
      this.#end({ by: 'transport', code: statusOf(error), reason: 'the peer broke the WebSocket protocol' });
    });
    this.#webSocket.on('close', (status, reason) => this.#gone(status, reason));
    writer.settings({
      streamWindowBytes: WEBSOCKET_LIMITS.streamWindowBytes,
      connectionWindowBytes: WEBSOCKET_LIMITS.connectionWindowBytes,
      streamCount: limits.maxStreamCount,
      idleTimeoutMs,
    });
    this.#send(writer);
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  openStream(): TransportStream {
    if (this.#phase !== 'open') throw transportError('RTA_TRANSPORT_CLOSED');
    return this.#streams.open();
  }

  onStream(handler: (stream: TransportStream) => void): void {
    this.#streams.onStream(handler);
  }

  close(code = 0, reason = ''): Promise<void> {
    checkCode(code);
    if (this.#phase === 'open') {
      // What the program wrote before it closed leaves first, as far as the network takes it now.
      this.#flush();
      const { writer } = this.#options;
      writer.close(code, encodeCloseReason(reason));
      const told = Promise.withResolvers<void>();
      this.#told = Promise.race([told.promise, this.gone]);
      this.#webSocket.send(writer.take(), () => told.resolve());
      this.#webSocket.close(CLOSE_STATUS.normal);
      this.#end({ by: 'local', code, reason });
    }
    return (this.#told ?? this.closed).then(() => undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Gives up a connection that the program has not been given. */
  abandon(): void {
    if (this.#phase !== 'handshake') return;
    this.#end({ by: 'local', code: 0, reason: '' });
    this.#webSocket.terminate();
  }

  onSettings(settings: Settings): void {
    if (this.#phase === 'open') throw webSocketError('RTA_WEBSOCKET_ORDER', 'SETTINGS came twice');
    if (this.#phase === 'closed') return;
    this.#streams.start(settings);
    this.#liveness.start(settings.idleTimeoutMs);
    this.#phase = 'open';
    this.#options.onOpen(this);
  }

  onData(id: number, bytes: Uint8Array, isLast: boolean): void {
    if (this.#isOpen()) this.#streams.receiveData(id, bytes, isLast);
  }

  onReset(id: number, code: number): void {
    if (this.#isOpen()) this.#streams.receiveReset(id, code);
  }

  onStreamCredit(id: number, bytes: number): void {
    if (this.#isOpen()) this.#streams.receiveStreamCredit(id, bytes);
  }

  onConnectionCredit(bytes: number): void {
    if (this.#isOpen()) this.#streams.receiveConnectionCredit(bytes);
  }

  onStreams(count: number): void {
    if (this.#isOpen()) this.#streams.receiveStreams(count);
  }

  onClose(code: number, reason: Uint8Array): void {
    if (this.#isOpen()) this.#end({ by: 'peer', code, reason: decodeCloseReason(reason) });
  }

  /** @throws RtaError `RTA_WEBSOCKET_ORDER` before SETTINGS. */
  #isOpen(): boolean {
    if (this.#phase === 'handshake') {
      throw webSocketError('RTA_WEBSOCKET_ORDER', 'a frame came before SETTINGS');
    }
    return this.#phase === 'open';
  }

  #receive(data: unknown, isBinary: boolean): void {
    if (this.#phase === 'closed') return;
    if (!isBinary || !(data instanceof Uint8Array) || data.byteLength === 0) {
      this.#fail(
        isBinary ? CLOSE_STATUS.protocolError : CLOSE_STATUS.unsupportedData,
        'RTA_WEBSOCKET_MESSAGE',
      );
      return;
    }
    try {
      // Not a Buffer, whose `slice` would not copy.
      readFrames(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), this);
    } catch (error) {
      // Errors of handlers do not come here: what is no fault of the peer is one of this package.
      if (isRtaError(error)) this.#fail(CLOSE_STATUS.protocolError, error.code);
      else this.#fail(CLOSE_STATUS.internalError, 'internal error');
    }
  }

  #fail(status: number, reason: string): void {
    if (this.#phase === 'closed') return;
    this.#webSocket.close(status, reason);
    this.#end({ by: 'transport', code: status, reason });
  }

  #dead(reason: string): void {
    this.#end({ by: 'timeout', code: 0, reason });
    this.#webSocket.terminate();
  }

  #end(info: CloseInfo): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#liveness.stop();
    this.#streams.closeAll(info.code);
    this.#settleClosed(info);
    this.#lingerTimer = this.#options.clock.after(WEBSOCKET_LIMITS.closeTimeoutMs, () =>
      this.#webSocket.terminate(),
    );
    this.#options.onEnd(this, info);
  }

  /** The socket is closed; where no CLOSE came before it, the peer did not mean to, or speaks another protocol. */
  #gone(status: number, reason: Uint8Array): void {
    const lost = status === CLOSE_STATUS.abnormal ? 'the connection was lost' : 'the WebSocket was closed';
    this.#end({ by: 'transport', code: status, reason: decodeCloseReason(reason) || lost });
    this.#lingerTimer?.cancel();
    this.#settleGone();
  }

  #schedule(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    setImmediate(() => {
      this.#turnScheduled = false;
      if (this.#phase === 'open') this.#streams.offerUnclaimed();
      this.#streams.serveAttended();
    });
  }

  #flushSoon(): void {
    if (this.#flushScheduled || this.#phase !== 'open') return;
    this.#flushScheduled = true;
    // A tick that a microtask asks for comes when all microtasks are done.
    queueMicrotask(() =>
      process.nextTick(() => {
        this.#flushScheduled = false;
        this.#flush();
      }),
    );
  }

  /** Gives the socket what there is to send, while it does not hold too much already. */
  #flush(): void {
    const { writer } = this.#options;
    while (this.#phase === 'open' && this.#streams.hasFrames) {
      if (this.#webSocket.bufferedAmount >= WEBSOCKET_LIMITS.maxSocketBacklogBytes) return;
      this.#streams.writeMessage(writer);
      if (!writer.isEmpty) this.#send(writer);
    }
  }

  #send(writer: FrameWriter): void {
    this.#liveness.sending();
    this.#webSocket.send(writer.take(), () => {
      this.#liveness.sent();
      this.#flush();
    });
  }
}
