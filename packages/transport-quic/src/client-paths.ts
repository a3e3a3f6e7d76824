import type { Clock } from '@rta/core';
import type { MigrateOptions } from '@rta/transport';
import { type ClientSockets, FIRST_PATH, pathName } from './client-sockets.ts';
import type { QuicEndpoint } from './endpoint.ts';
import { QUIC_LIMITS } from './limits.ts';
import { isListedAddress, isLostSocket } from './local-address.ts';
import {
  type Address,
  type NativeConnection,
  nextPathEvent,
  retireId,
  roundTripMs,
  type SendInfo,
  sendOnActivePath,
} from './native.ts';
import { PathTrials } from './path-trials.ts';
import type { ConnectionPaths } from './paths.ts';
import { Timers } from './timers.ts';

/** Time that a peer may take to acknowledge (RFC 9000 §18.2). */
const MAX_ACK_DELAY_MS = 25;

/** What is fixed when a client's connection begins. */
export interface ClientPathsOptions {
  readonly native: NativeConnection;
  readonly sockets: ClientSockets;
  readonly peer: Address;
  readonly clock: Clock;
  /** Settled when the handshake is over. */
  readonly established: Promise<void>;
  /** Asks for a flush at the end of this turn. */
  readonly flushSoon: () => void;
}

/**
 * The paths of a client's connection. It moves to another one when the program asks for it, if that one is seen to
 * carry; and by itself, at once, when its socket is lost.
 *
 * @see RFC 9000 §9
 */
export class ClientPaths implements ConnectionPaths {
  readonly peer: Address;
  readonly #native: NativeConnection;
  readonly #sockets: ClientSockets;
  readonly #timers: Timers;
  readonly #trials: PathTrials;
  readonly #flushSoon: () => void;
  #phase: 'handshake' | 'open' | 'closed' = 'handshake';
  /** The path in use, its socket, and which of the peer's ids it has. */
  #current = FIRST_PATH;
  #endpoint: QuicEndpoint;
  #idSequence = 0;
  /** Whether the local address in use is among those of this machine's interfaces. */
  #isListed = false;
  #lastPath = FIRST_PATH;
  /** Paths that were in use before. */
  readonly #left: number[] = [];
  #isMoving = false;
  /** Sockets that were lost since something came by the path in use. */
  #lostSockets = 0;

  constructor(options: ClientPathsOptions) {
    const { native, sockets, peer, clock, established, flushSoon } = options;
    this.peer = peer;
    this.#native = native;
    this.#sockets = sockets;
    this.#endpoint = sockets.first;
    this.#flushSoon = flushSoon;
    this.#timers = new Timers(clock);
    this.#trials = new PathTrials({
      native,
      sockets,
      peer,
      timers: this.#timers,
      established,
      isOpen: () => this.#isOpen(),
      mayMove: () => this.#mayMove(),
      newPath: () => ++this.#lastPath,
      onCarries: (path, socket) => this.#goOver(path, socket),
      flushSoon,
    });
  }

  get endpoint(): QuicEndpoint {
    return this.#endpoint;
  }

  /** See {@link PathTrials.migrate}. */
  migrate(options?: MigrateOptions): Promise<void> {
    return this.#trials.migrate(options);
  }

  source(from: Address): Address {
    return from;
  }

  afterReceive(): void {}

  send(byteLength: number, { from, to }: SendInfo): Buffer {
    const { sender } = this.#endpoint;
    if (from.port === this.#current) return sender.send(byteLength, to);
    const packet = sender.take(byteLength);
    this.#sockets.of(from.port)?.sender.sendPacket(packet, to);
    return packet;
  }

  sendElse(space: Buffer): ReturnType<NativeConnection['send']> {
    return this.#lastPath === FIRST_PATH ? null : sendOnActivePath(this.#native, space);
  }

  open(): void {
    this.#phase = 'open';
  }

  settle(): void {
    this.#isListed = isListedAddress(this.#endpoint.address.host);
    this.#watchLocalAddress();
  }

  attend(): void {
    for (let event = nextPathEvent(this.#native); event !== undefined; event = nextPathEvent(this.#native)) {
      if (event.type === 'Validated') this.#trials.onValidated(event.local.port);
      // quiche has gone back to a path that was left.
      else if (event.type === 'FailedValidation' && event.local.port === this.#current) void this.#move();
    }
    this.#trials.onPacket();
  }

  onTimer(): void {
    if (!this.#native.isClosed() && !this.#native.isDraining()) this.#noticeLosses();
  }

  onSilence(): void {
    void this.#move();
  }

  /** The operating system reports an error of a socket. */
  onSocketError(socket: QuicEndpoint, error: Error): void {
    if (!isLostSocket(error)) return;
    if (socket === this.#endpoint) void this.#move();
    else this.#trials.onSocketLost(socket, error);
  }

  /** The socket in use stays open, for what is left to say by it. */
  close(): void {
    this.#phase = 'closed';
    this.#timers.end();
    this.#trials.close();
    this.#sockets.dropAllBut(this.#current);
  }

  #isOpen(): boolean {
    return this.#phase === 'open';
  }

  /** RFC 9000 §18.2, `disable_active_migration`. */
  #mayMove(): boolean {
    return !this.#native.stats().peerDisableActiveMigration;
  }

  /** What is still on its way by the path that is left has three probe timeouts to arrive (RFC 9002 §6.2.1). */
  #goOver(path: number, socket: QuicEndpoint): void {
    const { endpoint: leftEndpoint } = this;
    const left = this.#current;
    const probeTimeoutMs = 3 * roundTripMs(this.#native) + MAX_ACK_DELAY_MS;
    this.#use(path, socket);
    leftEndpoint.unref();
    this.#timers.after(3 * probeTimeoutMs, () => this.#sockets.drop(left));
  }

  /** The connection goes over this path from now on, if quiche has an id for it. */
  #use(path: number, socket: QuicEndpoint): void {
    this.#idSequence = this.#native.migrate(pathName(this.peer, path), this.peer);
    if (path !== this.#current) this.#left.push(this.#current);
    this.#current = path;
    this.#endpoint = socket;
    this.#isListed = isListedAddress(socket.address.host);
    // Even with nothing to say, so that the peer learns the new address.
    this.#native.sendAckEliciting();
    this.#flushSoon();
  }

  /** Moves to another socket without asking: nothing comes by this one any more. */
  async #move(): Promise<void> {
    if (this.#isMoving || !this.#isOpen() || !this.#mayMove()) return;
    this.#isMoving = true;
    if (this.#hasHeard()) this.#lostSockets = 0;
    for (let isMoved = false; !isMoved && this.#isOpen(); ) {
      if (this.#lostSockets > 0) await this.#timers.wait(moveWaitMs(this.#lostSockets));
      this.#lostSockets += 1;
      const socket = await this.#sockets.another().catch(() => undefined);
      isMoved = socket !== undefined && this.#isOpen() && this.#moveTo(socket);
      if (!isMoved) void socket?.close();
    }
    this.#isMoving = false;
  }

  /** @returns whether it could: the peer must have given an id for another path. */
  #moveTo(socket: QuicEndpoint): boolean {
    const lost = this.#current;
    // A path that nothing came by is as good as new, but for its id, and for what was sent there in vain.
    const path = this.#hasHeard() ? this.#lastPath + 1 : lost;
    if (path === lost) {
      retireId(this.#native, this.#idSequence);
      this.#noticeLosses();
    }
    try {
      this.#use(path, socket);
    } catch {
      return false;
    }
    this.#lastPath = Math.max(this.#lastPath, path);
    this.#sockets.use(path, socket);
    if (path !== lost) this.#sockets.drop(lost);
    return true;
  }

  /** Whether anything of the peer's ever came by the path in use. */
  #hasHeard(): boolean {
    return this.#native
      .pathStats()
      .some(({ localHost, recv }) => localHost.port === this.#current && recv > 0);
  }

  /**
   * quiche looks for losses on a path when something that was sent there is acknowledged, or when the path is left. On
   * one that carries nothing any more it would send the oldest two packets again, and the others never. So each is left
   * once more.
   */
  #noticeLosses(): void {
    if (this.#left.length === 0) return;
    for (const path of [...this.#left, this.#current]) {
      this.#native.migrate(pathName(this.peer, path), this.peer);
    }
  }

  #watchLocalAddress(): void {
    this.#timers.after(QUIC_LIMITS.localAddressPollMs, () => {
      if (this.#isListed && !isListedAddress(this.#endpoint.address.host)) void this.#move();
      this.#watchLocalAddress();
    });
  }
}

/** The second socket is looked for at once when the first is lost, the next ones more and more seldom. */
function moveWaitMs(lostSockets: number): number {
  return Math.min(QUIC_LIMITS.firstMoveWaitMs * 2 ** (lostSockets - 1), QUIC_LIMITS.lastMoveWaitMs);
}
