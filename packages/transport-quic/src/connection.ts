import { randomUUID } from 'node:crypto';
import {
  type CloseInfo,
  checkCode,
  encodeCloseReason,
  type TransportConnection,
  type TransportStream,
  transportError,
} from '@rta/transport';
import { formatAddress } from './address.ts';
import { ConnectionIds } from './connection-ids.ts';
import type { Agreement, ConnectionOptions, EarlyData } from './connection-options.ts';
import { ConnectionStreams } from './connection-streams.ts';
import { Deadline } from './deadline.ts';
import type { PacketReceiver, QuicEndpoint } from './endpoint.ts';
import { LingeringClose } from './lingering-close.ts';
import { type Address, applicationProtocol, type NativeConnection } from './native.ts';
import { PacketFlow } from './packet-flow.ts';
import type { ConnectionPaths } from './paths.ts';
import { QlogTrace } from './qlog.ts';
import { Upkeep } from './upkeep.ts';

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
  readonly #packets: PacketFlow;
  readonly #upkeep: Upkeep;
  readonly #trace: QlogTrace | undefined;
  /** `early`: the program has the connection, and its handshake is not complete. */
  #phase: 'handshake' | 'early' | 'open' | 'closed' = 'handshake';
  #earlyData: EarlyData = 'none';
  /** Settled when the connection has ended, and the peer was told where this side ended it. */
  #told: Promise<void>;
  #identity: Agreement = { channelBinding: new Uint8Array(0), clientThumbprint: undefined, protocol: '' };
  /** Packets or time have changed what streams can do. */
  #streamsDue = false;
  readonly #deadline: Deadline;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#native = options.native;
    this.#endpoint = options.endpoint;
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
    this.#packets = new PacketFlow({
      native,
      paths: options.paths,
      ids: this.#ids,
      trace: this.#trace,
      onSent: () => this.#streams.notePacketSent(),
      onTurnFull: () => this.#endpoint.schedule(this),
    });
    this.#upkeep = new Upkeep({
      native,
      ids: this.#ids,
      paths: options.paths,
      clock: options.clock,
      idleTimeoutMs: options.idleTimeoutMs,
      keepAliveMs: options.keepAliveMs,
      flushSoon: () => this.#endpoint.flushSoon(this),
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
    this.#packets.send();
    this.#openEarly();
    this.#endpoint.flushSoon(this);
  }

  /** Sets who is given the session that can be resumed, once. */
  onSession(handler: (session: Uint8Array) => void): void {
    this.#upkeep.onSession(handler);
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
      const packet = this.#packets.send();
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
    const packet = this.#packets.send();
    const info = { by: 'local', code: transportCode, reason: '' } as const;
    // A peer that was refused goes on until it has heard of it; one whose time is up may not be there.
    this.#end(info, transportCode === 0 || packet === undefined ? undefined : { packet });
  }

  receive(packet: Buffer, from: Address, to: Address): void {
    if (this.#phase === 'closed') return;
    const outcome = this.#packets.receive(packet, from, to);
    if (outcome === 'unread') return;
    if (outcome !== 'read') return this.#end(outcome);
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
    if (this.#phase === 'open') this.#lookAfter();
    if (this.#phase === 'closed') return;
    const packet = this.#packets.send();
    this.#trace?.measured(this.#native);
    const info = this.#packets.closeInfo();
    if (info === undefined) {
      this.#deadline.arm();
      return;
    }
    // What the peer did wrong it was told in the last packet, and again if it goes on. Where there is none, nothing is
    // kept: a stranger's handshake that failed must not hold memory that no limit counts any more.
    this.#end(info, this.#packets.hasFailed && packet !== undefined ? { packet } : undefined);
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
    if (this.#options.role === 'server') this.#packets.send();
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
    // The answers to early data come right behind the server's part of the handshake.
    if (wasEarly && this.#options.role === 'client') this.#upkeep.postpone();
    this.#phase = 'open';
    this.#paths.open();
    this.#options.onEstablished(this);
    if (!wasEarly) this.#options.onOpen(this);
  }

  /** What nobody waits for, in the flush: the program has been given what came with the end of the handshake by then. */
  #lookAfter(): void {
    try {
      this.#upkeep.attend();
    } catch {
      this.#fail();
    }
  }

  #serveStreams(): void {
    if (this.#streamsDue) {
      this.#streamsDue = false;
      this.#streams.serve();
    }
    this.#streams.offerUnclaimed();
  }

  /** quiche did what it never should: this connection ends, and no other. (Errors of handlers do not come here.) */
  #fail(): void {
    if (this.#phase === 'closed') return;
    this.#packets.fail();
    this.#endpoint.flushSoon(this);
  }

  /** @param said where this side closed: the packet that told the peer, if it could leave. */
  #end(info: CloseInfo, said?: { readonly packet: Buffer | undefined }): void {
    this.#phase = 'closed';
    this.#trace?.ended(info);
    this.#deadline.cancel();
    this.#upkeep.cancel();
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
    this.#packets.noteTime();
    try {
      this.#paths.onTimer();
    } catch {
      this.#fail();
    }
    this.#streamsDue = true;
    this.turn();
    this.flush();
  }

  /** Sends what waits, and says whether all that was ever sent is acknowledged. */
  #isQuiet(): boolean {
    this.#packets.send();
    // What waits for an acknowledgement has a timer, and a shorter one than that of an idle connection.
    return (this.#native.timeout() ?? 0) > this.#upkeep.idleTimeoutMs / 2;
  }
}
