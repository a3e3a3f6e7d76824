import { isIP } from 'node:net';
import { type MigrateOptions, transportError } from '@rta/transport';
import { type ClientSockets, pathName } from './client-sockets.ts';
import type { QuicEndpoint } from './endpoint.ts';
import { unreachable } from './errors.ts';
import { QUIC_LIMITS } from './limits.ts';
import { type Address, type NativeConnection, retireId } from './native.ts';
import type { Timers } from './timers.ts';

/** No more often than an Initial packet is repeated (RFC 9000 §8.2.1, RFC 9002 §6.2.2). */
const CHALLENGE_INTERVAL_MS = 1_000;
/** quiche does not forget a path that was tried in vain. Once more, and its congestion window is full of challenges. */
const TRIALS_PER_PATH = 2;

/** What the trials of paths need of their connection. */
export interface PathTrialsOptions {
  readonly native: NativeConnection;
  readonly sockets: ClientSockets;
  readonly peer: Address;
  readonly timers: Timers;
  /** Settled when the handshake is over. */
  readonly established: Promise<void>;
  /** Whether the connection is open. */
  readonly isOpen: () => boolean;
  /** Whether the peer allows another path. */
  readonly mayMove: () => boolean;
  /** A number that no path has. */
  readonly newPath: () => number;
  /** The path carries: the connection is to go over it from now on. */
  readonly onCarries: (path: number, socket: QuicEndpoint) => void;
  /** Asks for a flush at the end of this turn. */
  readonly flushSoon: () => void;
}

/** A path that is being tried, while the connection goes on over another. */
interface Trial {
  readonly path: number;
  /** How often the path has been tried, this time included. */
  readonly count: number;
  readonly result: PromiseWithResolvers<void>;
  /** Which of the peer's ids the path has; none before quiche has begun. */
  idSequence: number | undefined;
}

/**
 * Moves of a client's connection that the program asks for: another socket is opened, and the connection goes over to
 * it if the peer answers there.
 *
 * @see RFC 9000 §8.2, §9.1
 */
export class PathTrials {
  readonly #options: PathTrialsOptions;
  #trial: Trial | undefined;
  /** A path that was tried in vain, and how often: the next trial may take it. */
  #unproven: { readonly path: number; readonly count: number } | undefined;
  /** Settled when all that the program has asked for is done; nothing begins before the handshake is over. */
  #allOver: Promise<unknown>;

  constructor(options: PathTrialsOptions) {
    this.#options = options;
    this.#allOver = options.established.catch(() => {});
  }

  /**
   * Moves the connection to another local address, if the peer answers there. Calls wait for each other.
   *
   * @throws RtaError `RTA_TRANSPORT_UNREACHABLE`, `RTA_TRANSPORT_CLOSED`; the signal's reason.
   */
  async migrate({ localHost, signal }: MigrateOptions = {}): Promise<void> {
    if (localHost !== undefined && isIP(localHost) === 0) {
      throw new TypeError(`localHost is no IP address: ${localHost}`);
    }
    const aborted = Promise.withResolvers<never>();
    aborted.promise.catch(() => {});
    const onAbort = (): void => aborted.reject(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    const before = this.#allOver;
    const over = Promise.withResolvers<void>();
    this.#allOver = Promise.all([before, over.promise]);
    try {
      await Promise.race([before, aborted.promise]);
      await this.#try(localHost, aborted.promise);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      over.resolve();
    }
  }

  /** quiche has seen that a path carries. */
  onValidated(path: number): void {
    const trial = this.#trial;
    const socket = this.#options.sockets.of(path);
    if (trial?.path !== path || socket === undefined) return;
    this.#trial = undefined;
    this.#options.onCarries(path, socket);
    trial.result.resolve();
  }

  /** The ids may have come that the peer gives for other paths. */
  onPacket(): void {
    if (this.#trial !== undefined && this.#trial.idSequence === undefined) this.#challenge(this.#trial);
  }

  /** A socket is of no use. */
  onSocketLost(socket: QuicEndpoint, error: Error): void {
    const trial = this.#trial;
    if (trial === undefined || socket !== this.#options.sockets.of(trial.path)) return;
    trial.result.reject(unreachable(this.#options.peer, error));
  }

  /** The connection is over. */
  close(): void {
    this.#trial?.result.reject(transportError('RTA_TRANSPORT_CLOSED'));
  }

  async #try(localHost: string | undefined, aborted: Promise<never>): Promise<void> {
    const { sockets, peer, timers, isOpen, mayMove } = this.#options;
    if (!isOpen()) throw transportError('RTA_TRANSPORT_CLOSED');
    if (!mayMove()) throw unreachable(peer, new Error('the server allows no other path'));
    const socket = await this.#openSocket(localHost);
    if (!isOpen()) {
      void socket.close();
      throw transportError('RTA_TRANSPORT_CLOSED');
    }
    const trial: Trial = { ...this.#pathToTry(), result: Promise.withResolvers(), idSequence: undefined };
    sockets.use(trial.path, socket);
    this.#trial = trial;
    const { promise, reject } = trial.result;
    const timer = timers.after(QUIC_LIMITS.pathValidationMs, () => reject(unreachable(peer)));
    aborted.catch(reject);
    this.#challengeRegularly(trial);
    try {
      await promise;
    } catch (error) {
      this.#giveUp(trial);
      throw error;
    } finally {
      timer.cancel();
    }
  }

  /** @throws RtaError `RTA_TRANSPORT_UNREACHABLE`. */
  async #openSocket(localHost: string | undefined): Promise<QuicEndpoint> {
    try {
      return await this.#options.sockets.another(localHost);
    } catch (cause) {
      throw unreachable(this.#options.peer, cause);
    }
  }

  /** Another path while there are some to spare, or the one that was tried before. */
  #pathToTry(): { readonly path: number; readonly count: number } {
    const unproven = this.#unproven;
    this.#unproven = undefined;
    if (unproven === undefined) return { path: this.#options.newPath(), count: 1 };
    const areSpare = this.#options.native.stats().pathsCount < QUIC_LIMITS.pathCount / 2;
    if (unproven.count >= TRIALS_PER_PATH && areSpare) return { path: this.#options.newPath(), count: 1 };
    return { path: unproven.path, count: unproven.count + 1 };
  }

  #challengeRegularly(trial: Trial): void {
    if (this.#trial !== trial) return;
    this.#challenge(trial);
    this.#options.timers.after(CHALLENGE_INTERVAL_MS, () => this.#challengeRegularly(trial));
  }

  #challenge(trial: Trial): void {
    const { native, peer, flushSoon } = this.#options;
    try {
      trial.idSequence = native.probePath(pathName(peer, trial.path), peer);
    } catch {
      // The peer has given no id for this path. It may yet, until the time is over.
      return;
    }
    flushSoon();
  }

  /** The connection goes on as before. But quiche has one path more. */
  #giveUp(trial: Trial): void {
    const { native, sockets, isOpen, flushSoon } = this.#options;
    this.#trial = undefined;
    sockets.drop(trial.path);
    if (!isOpen()) return;
    if (trial.idSequence !== undefined) {
      retireId(native, trial.idSequence);
      flushSoon();
    } else if (trial.count === 1) {
      return;
    }
    this.#unproven = { path: trial.path, count: trial.count };
  }
}
