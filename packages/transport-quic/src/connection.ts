import { randomUUID } from 'node:crypto';
import type { Clock } from '@rta/core';
import {
  type CloseInfo,
  checkCode,
  encodeCloseReason,
  surfaceHandlerError,
  type TransportConnection,
  type TransportLimits,
  type TransportStream,
  transportError,
} from '@rta/transport';
import { formatAddress } from './address.ts';
import { nativeCloseInfo } from './close-info.ts';
import { ConnectionIds, type PacketRouter } from './connection-ids.ts';
import { ConnectionStreams } from './connection-streams.ts';
import { Deadline } from './deadline.ts';
import type { PacketReceiver, QuicEndpoint } from './endpoint.ts';
import { INTERNAL_ERROR, isTlsAlert } from './errors.ts';
import { KeepAlive } from './keep-alive.ts';
import { QUIC_LIMITS } from './limits.ts';
import { LingeringClose } from './lingering-close.ts';
import {
  type Address,
  activePath,
  applicationProtocol,
  isNativeError,
  type NativeConnection,
  sendOnAnyPath,
} from './native.ts';
import type { ConnectionPaths } from './paths.ts';
import { type QlogOpener, QlogTrace } from './qlog.ts';
import type { StatelessResetToken } from './stateless-reset.ts';

/**
 * What became of early data: there was none; it is not known yet; the server took up the session of the ticket; it
 * did not, and what was written early is sent again after the handshake.
 */
export type EarlyData = 'none' | 'pending' | 'accepted' | 'rejected';

/** Who is at the ends of a connection, as the port tells it. */
export type ConnectionIdentity = Pick<TransportConnection, 'channelBinding' | 'clientThumbprint'>;

/** What the ends of a connection agreed on and know of each other; nothing before the program has the connection. */
type Agreement = ConnectionIdentity & Pick<TransportConnection, 'protocol'>;

/** What is fixed when a connection begins. */
export interface ConnectionOptions {
  readonly role: 'client' | 'server';
  readonly native: NativeConnection;
  /** Gives the turns. */
  readonly endpoint: QuicEndpoint;
  readonly paths: ConnectionPaths;
  readonly router: PacketRouter;
  readonly limits: TransportLimits;
  readonly clock: Clock;
  /** Destination ids that packets for this connection may bear from the start. */
  readonly routes: readonly Uint8Array[];
  /** Of the ids that the peer is given later. */
  readonly resetToken: StatelessResetToken;
  /** A connection over which nothing arrives for this long is dead. */
  readonly idleTimeoutMs: number;
  /** Send something when nothing arrived for this long; 0 for never. */
  readonly keepAliveMs: number;
  /**
   * Whether bytes of the program may come and go before the handshake is complete (RFC 9001 §4.6): at a client that
   * has a ticket, at a server that takes early data.
   */
  readonly allowsEarlyData: boolean;
  /**
   * Says who the peers are, or undefined to refuse the other. Asked once the handshake is complete, and
   * before early data, of the certificate that the ticket is from.
   */
  readonly identify: (native: NativeConnection) => ConnectionIdentity | undefined;
  /** The program may use the connection: its handshake is complete and the peer accepted, or it has early data. */
  readonly onOpen: (connection: QuicConnection) => void;
  /** The handshake is complete and the peer is accepted. */
  readonly onEstablished: (connection: QuicConnection) => void;
  /** Traces the connection where it returns a sink. */
  readonly qlog?: QlogOpener | undefined;
  /** How long to go on telling a peer that has not heard of the close. */
  readonly lingerMs: number;
  /**
   * The connection has ended, or its handshake failed. Called once, with what is left to do where this side closed:
   * it ends by itself.
   */
  readonly onEnd: (connection: QuicConnection, info: CloseInfo, lingering?: LingeringClose) => void;
}

/**
 * One QUIC connection: moves packets, time and bytes between quiche, the endpoint and the program.
 *
 * Everything happens in turns that the endpoint gives, after packets, calls of the program or the timer:
 * read what arrived, tell the program, send what it wrote.
 */
export class QuicConnection implements TransportConnection, PacketReceiver {
  readonly id = randomUUID();
  readonly kind = 'quic';
  readonly closed: Promise<CloseInfo>;
  readonly #options: ConnectionOptions;
  readonly #native: NativeConnection;
  readonly #endpoint: QuicEndpoint;
  readonly #paths: ConnectionPaths;
  readonly #ids: ConnectionIds;
  readonly #settleClosed: (info: CloseInfo) => void;
  readonly #streams: ConnectionStreams;
  readonly #trace: QlogTrace | undefined;
  /** Of this side, and once the connection is open of both. */
  #idleTimeoutMs: number;
  /** `early`: the program has the connection, and its handshake is not complete. */
  #phase: 'handshake' | 'early' | 'open' | 'closed' = 'handshake';
  #earlyData: EarlyData = 'none';
  #isSettled = false;
  #onSession: ((session: Uint8Array) => void) | undefined;
  /** Settled when the connection has ended, and the peer was told where this side ended it. */
  #told: Promise<void>;
  #identity: Agreement = { channelBinding: new Uint8Array(0), clientThumbprint: undefined, protocol: '' };
  /** Whether a packet of the peer's was ever valid. */
  #hasHeard = false;
  /** Packets or time have changed what streams can do. */
  #streamsDue = false;
  #failed = false;
  /** Whether quiche may have closed the connection since it was last asked. */
  #mayHaveEnded = false;
  readonly #deadline: Deadline;
  #keepAlive: KeepAlive | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#native = options.native;
    this.#endpoint = options.endpoint;
    this.#idleTimeoutMs = options.idleTimeoutMs;
    this.#paths = options.paths;
    this.#deadline = new Deadline(options.native, options.clock, {
      afterReading: (callback) => this.#endpoint.afterReading(callback),
      onPassed: () => this.#onDeadline(),
    });
    this.#streams = new ConnectionStreams({
      role: options.role,
      native: options.native,
      limits: options.limits,
      scratch: options.endpoint.scratch,
      schedule: () => this.#endpoint.schedule(this),
      flushSoon: () => this.#endpoint.flushSoon(this),
      clock: options.clock,
      isQuiet: () => this.#isQuiet(),
    });
    const { promise, resolve } = Promise.withResolvers<CloseInfo>();
    this.closed = promise;
    this.#told = promise.then(() => undefined);
    this.#settleClosed = resolve;
    const { native, router, routes, resetToken } = options;
    this.#ids = new ConnectionIds({ native, router, receiver: this, initial: routes, resetToken });
    this.#trace = QlogTrace.open(options.qlog, {
      subject: { connectionId: this.id, role: options.role },
      clock: options.clock,
      local: options.endpoint.address,
      remote: options.paths.peer,
    });
  }

  get remoteAddress(): string {
    return formatAddress(this.#paths.peer);
  }

  get channelBinding(): Uint8Array {
    return this.#identity.channelBinding;
  }

  get protocol(): string {
    return this.#identity.protocol;
  }

  get clientThumbprint(): Uint8Array | undefined {
    return this.#identity.clientThumbprint;
  }

  get isEarly(): boolean {
    return this.#phase === 'early' && this.#options.role === 'server';
  }

  get earlyData(): EarlyData {
    return this.#earlyData;
  }

  /** Starts a client's handshake. With a ticket, the connection is open for early data from here on. */
  start(): void {
    if (!this.#options.allowsEarlyData) return this.#endpoint.flushSoon(this);
    // quiche knows that there is early data once it has made the ClientHello.
    this.#send();
    this.#openEarly();
    this.#endpoint.flushSoon(this);
  }

  /** Sets who is given the session that can be resumed, once. */
  onSession(handler: (session: Uint8Array) => void): void {
    this.#onSession = handler;
    this.#endpoint.schedule(this);
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  openStream(): TransportStream {
    if (!this.#isUsable) throw transportError('RTA_TRANSPORT_CLOSED');
    return this.#streams.open();
  }

  onStream(handler: (stream: TransportStream) => void): void {
    this.#streams.onStream(handler);
  }

  close(code = 0, reason = ''): Promise<void> {
    checkCode(code);
    // What the program wrote before it closed leaves first, as far as the network takes it now.
    if (this.#isUsable) this.flush();
    if (this.#isUsable) {
      this.#native.close(true, code, encodeCloseReason(reason));
      const packet = this.#send();
      this.#end({ by: 'local', code, reason }, { packet });
    }
    return this.#told;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Gives up a handshake: the peer is told with a transport code. */
  abandon(transportCode: number): void {
    if (this.#phase !== 'handshake' && this.#phase !== 'early') return;
    this.#native.close(false, transportCode, new Uint8Array(0));
    const packet = this.#send();
    const info = { by: 'local', code: transportCode, reason: '' } as const;
    // A peer that was refused goes on until it has heard of it; one whose time is up may not be there.
    this.#end(info, transportCode === 0 || packet === undefined ? undefined : { packet });
  }

  receive(packet: Buffer, from: Address, to: Address): void {
    if (this.#phase === 'closed') return;
    // quiche decrypts in place.
    this.#trace?.received(packet);
    try {
      const source = this.#paths.source(from, packet.byteLength);
      if (source === undefined) return;
      this.#native.recv(packet, { from: source, to });
      this.#hasHeard = true;
      this.#ids.dropRetired();
      this.#paths.afterReceive(source);
    } catch {
      // quiche has closed the connection and says why, or this was no packet at all.
      const code = this.#native.localError()?.errorCode;
      if (code !== undefined && !this.#hasHeard && !isTlsAlert(code)) {
        // Nothing that the peer sent was ever valid: nobody is told, for it may be nobody. (A peer whose handshake
        // message was read, and is not accepted, is told.)
        this.#end({ by: 'transport', code, reason: 'the first packet was not valid' });
        return;
      }
      this.#failed = code !== undefined;
    }
    this.#mayHaveEnded = true;
    this.#streamsDue = true;
    this.#endpoint.schedule(this);
  }

  turn(): void {
    try {
      this.#paths.attend();
      if (this.#phase === 'handshake') this.#openEarly();
      if (this.#phase !== 'open' && this.#phase !== 'closed' && this.#native.isEstablished()) this.#open();
      if (this.#isUsable) this.#serveStreams();
      this.#streams.serveAttended();
    } catch {
      this.#fail();
    }
  }

  /** Sends what quiche has to send, and looks after the end and the timer. */
  flush(): void {
    if (this.#phase === 'open') this.#settle();
    if (this.#phase === 'closed') return;
    const packet = this.#send();
    this.#trace?.measured(this.#native);
    // Only what arrives, and time, end a connection: a flush of what the program wrote need not look.
    const info = this.#mayHaveEnded ? nativeCloseInfo(this.#native, this.#failed) : undefined;
    this.#mayHaveEnded = false;
    if (info === undefined) {
      this.#deadline.arm();
      return;
    }
    // What the peer did wrong it was told in the last packet, and again if it goes on. Where there is none, nothing is
    // kept: a stranger's handshake that failed must not hold memory that no limit counts any more.
    this.#end(info, this.#failed && packet !== undefined ? { packet } : undefined);
    this.#streams.serveAttended();
  }

  /** Whether the program has the connection. */
  get #isUsable(): boolean {
    return this.#phase === 'open' || this.#phase === 'early';
  }

  #openEarly(): void {
    if (!this.#options.allowsEarlyData || !this.#native.isInEarlyData() || !this.#identify()) return;
    this.#phase = 'early';
    this.#earlyData = 'pending';
    // The server's part of the handshake goes ahead: while the program works on the answer, the client works on that.
    if (this.#options.role === 'server') this.#send();
    this.#options.onOpen(this);
  }

  #identify(): boolean {
    const identity = this.#options.identify(this.#native);
    if (identity === undefined) return false;
    const { channelBinding, clientThumbprint } = identity;
    const protocol = applicationProtocol(this.#native);
    this.#identity = { channelBinding: Uint8Array.from(channelBinding), clientThumbprint, protocol };
    return true;
  }

  #open(): void {
    // Where early data was rejected, this may be another certificate than that of the ticket.
    if (!this.#identify()) return;
    const wasEarly = this.#phase === 'early';
    if (wasEarly) this.#earlyData = this.#native.isResumed() ? 'accepted' : 'rejected';
    this.#phase = 'open';
    this.#paths.open();
    this.#options.onEstablished(this);
    if (!wasEarly) this.#options.onOpen(this);
  }

  /**
   * What an open connection needs and nobody waits for, in the flush: an answer that came with the end of the handshake
   * has been given to the program by then.
   */
  #settle(): void {
    try {
      if (!this.#isSettled) {
        this.#isSettled = true;
        // The shorter one counts (RFC 9000 §10.1); 0 is none.
        const { peerMaxIdleTimeout } = this.#native.stats();
        if (peerMaxIdleTimeout > 0) this.#idleTimeoutMs = Math.min(this.#idleTimeoutMs, peerMaxIdleTimeout);
        this.#ids.replenish();
        this.#paths.settle();
        this.#startKeepAlive();
      }
      if (this.#onSession !== undefined) this.#takeSession();
    } catch {
      this.#fail();
    }
  }

  /** A server that issues tickets does so right after the handshake. One is enough: the last is the best. */
  #takeSession(): void {
    const session = this.#native.session();
    if (session === null) return;
    const handler = this.#onSession;
    this.#onSession = undefined;
    try {
      handler?.(Uint8Array.from(session));
    } catch (error) {
      surfaceHandlerError(error);
    }
  }

  #serveStreams(): void {
    if (this.#streamsDue) {
      this.#streamsDue = false;
      this.#streams.serve();
    }
    this.#streams.offerUnclaimed();
  }

  /** @returns the last packet. */
  #send(): Buffer | undefined {
    let last: Buffer | undefined;
    for (let count = 0; count < QUIC_LIMITS.packetsPerTurnCount; count++) {
      const sent = this.#nextPacket(this.#paths.endpoint.sender.space());
      if (sent === null) return last;
      last = this.#paths.send(sent[0], sent[1]);
      this.#trace?.sent(last);
      this.#streams.notePacketSent();
    }
    this.#endpoint.schedule(this);
    return last;
  }

  #nextPacket(space: Buffer): ReturnType<NativeConnection['send']> {
    try {
      return this.#native.send(space) ?? this.#paths.sendElse(space);
    } catch (error) {
      if (isNativeError(error, 'InvalidState') && activePath(this.#native) !== undefined) {
        return sendOnAnyPath(this.#native, space);
      }
      this.#failed = true;
      this.#mayHaveEnded = true;
      return null;
    }
  }

  /** quiche did what it never should: this connection ends, and no other. (Errors of handlers do not come here.) */
  #fail(): void {
    if (this.#phase === 'closed') return;
    this.#native.close(false, INTERNAL_ERROR, new Uint8Array(0));
    this.#failed = true;
    this.#mayHaveEnded = true;
    this.#endpoint.flushSoon(this);
  }

  /** @param said where this side closed: the packet that told the peer, if it could leave. */
  #end(info: CloseInfo, said?: { readonly packet: Buffer | undefined }): void {
    this.#phase = 'closed';
    this.#trace?.ended(info);
    this.#deadline.cancel();
    this.#keepAlive?.cancel();
    this.#streams.closeAll(info.code);
    const { native, clock, lingerMs, onEnd } = this.#options;
    const { endpoint, peer } = this.#paths;
    const routes = this.#ids.live;
    this.#ids.release();
    this.#paths.close();
    const lingering =
      said === undefined
        ? undefined
        : new LingeringClose({ endpoint, clock, native, ...said, peer, routes, lingerMs });
    if (lingering !== undefined) this.#told = lingering.told;
    this.#settleClosed(info);
    onEnd(this, info, lingering);
  }

  #onDeadline(): void {
    this.#mayHaveEnded = true;
    try {
      this.#paths.onTimer();
    } catch {
      this.#fail();
    }
    this.#streamsDue = true;
    this.turn();
    this.flush();
  }

  #startKeepAlive(): void {
    const { keepAliveMs, clock } = this.#options;
    if (keepAliveMs === 0) return;
    const intervalMs = Math.min(keepAliveMs, Math.ceil(this.#idleTimeoutMs / 3));
    this.#keepAlive = new KeepAlive(this.#native, clock, intervalMs, {
      onAsked: () => this.#endpoint.flushSoon(this),
      onSilence: () => this.#paths.onSilence(),
    });
  }

  /** Sends what waits, and says whether all that was ever sent is acknowledged. */
  #isQuiet(): boolean {
    this.#send();
    // What waits for an acknowledgement has a timer, and a shorter one than that of an idle connection.
    return (this.#native.timeout() ?? 0) > this.#idleTimeoutMs / 2;
  }
}
