import { randomBytes } from 'node:crypto';
import type { PacketReceiver } from './endpoint.ts';
import { QUIC_LIMITS } from './limits.ts';
import { addSourceId, type NativeConnection } from './native.ts';
import { CONNECTION_ID_BYTES } from './packet-routing.ts';
import type { StatelessResetToken } from './stateless-reset.ts';

/** RFC 9000 §10.3. */
const RESET_TOKEN_BYTES = 16;

/** A token that nobody will ever say, for who does not remember what it forgot. */
export function randomResetToken(): Uint8Array {
  return randomBytes(RESET_TOKEN_BYTES);
}

/** Where packets find their connection. */
export interface PacketRouter {
  /** Sends packets with this destination id to the receiver. */
  addRoute(id: Uint8Array, receiver: PacketReceiver): void;
  /** Forgets a destination id. */
  removeRoute(id: Uint8Array): void;
}

/** What is fixed when a connection begins. */
export interface ConnectionIdsOptions {
  readonly native: NativeConnection;
  readonly router: PacketRouter;
  readonly receiver: PacketReceiver;
  /** Ids that packets may bear from the start. */
  readonly initial: readonly Uint8Array[];
  readonly resetToken: StatelessResetToken;
}

/**
 * Takes late packets for an id that the peer has retired. quiche must not see them: it closes the connection over
 * them. Nor are they strangers', to be told that nobody knows the connection.
 */
const NOBODY: PacketReceiver = { receive: () => {}, turn: () => {}, flush: () => {} };

/**
 * The ids that this side has given its peer for one connection, so that each path can have one of its own and nobody
 * who watches two networks can tell that the packets belong together. All of them lead to the connection.
 *
 * @see RFC 9000 §5.1, §9.5
 */
export class ConnectionIds {
  readonly #options: ConnectionIdsOptions;
  #live: Uint8Array[];
  /** Retired, the longest ago first. */
  #retired: Uint8Array[] = [];

  constructor(options: ConnectionIdsOptions) {
    this.#options = options;
    this.#live = [...options.initial];
    for (const id of this.#live) options.router.addRoute(id, options.receiver);
  }

  /** The ids in force. */
  get live(): readonly Uint8Array[] {
    return this.#live;
  }

  /** Gives the peer as many ids as both sides allow. They leave with the next flush. */
  replenish(): void {
    const { native, router, receiver, resetToken } = this.#options;
    for (let left = native.sourceCidsLeft(); left > 0; left--) {
      const id = randomBytes(CONNECTION_ID_BYTES);
      addSourceId(native, id, resetToken(id));
      router.addRoute(id, receiver);
      this.#live.push(id);
    }
  }

  /** Looks which ids the peer has retired, and gives it others. To be called before quiche reads another packet. */
  dropRetired(): void {
    const { native } = this.#options;
    let id = native.retiredScidNext();
    if (id === null) return;
    for (; id !== null; id = native.retiredScidNext()) this.#retire(id);
    this.replenish();
  }

  /** Forgets all ids: packets that bear them are nobody's any more. */
  release(): void {
    const { router } = this.#options;
    for (const id of [...this.#live, ...this.#retired]) router.removeRoute(id);
    this.#retired = [];
  }

  #retire(id: Uint8Array): void {
    const { router } = this.#options;
    router.addRoute(id, NOBODY);
    const retired = Buffer.from(id);
    this.#live = this.#live.filter((live) => !retired.equals(live));
    this.#retired.push(retired);
    if (this.#retired.length <= QUIC_LIMITS.pathCount) return;
    const oldest = this.#retired.shift();
    if (oldest !== undefined) router.removeRoute(oldest);
  }
}
