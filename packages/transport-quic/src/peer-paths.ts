import type { Clock } from '@rta/core';
import { formatAddress, isSameAddress } from './address.ts';
import type { QuicEndpoint } from './endpoint.ts';
import { QUIC_LIMITS } from './limits.ts';
import {
  type Address,
  activePath,
  type NativeConnection,
  nextPathEvent,
  type SendInfo,
  sendOnActivePath,
} from './native.ts';
import type { ConnectionPaths } from './paths.ts';

/** Bytes that may go to an address that has proved nothing, for each that came from it (RFC 9000 §8). */
const ALLOWED_BYTES_PER_BYTE = 3;
/** How long to wait before an address that has not answered is asked once more. */
const ASK_AGAIN_MS = 250;

/** What is fixed when a server's connection begins. */
export interface PeerPathsOptions {
  readonly native: NativeConnection;
  readonly endpoint: QuicEndpoint;
  readonly peer: Address;
  readonly clock: Clock;
  /** The client has moved, and has proved that it is there. */
  readonly onMoved: (from: Address, to: Address) => void;
}

/** A path that was in use. */
interface FormerPath {
  /** What quiche calls it. */
  readonly name: Address;
  /** Where its packets went. */
  readonly address: Address;
  readonly leftAtMs: number;
}

/** An address that the client has moved to, if it is the client: it has not answered yet. */
interface Unproven {
  readonly address: Address;
  askedAtMs: number;
}

/** One that did not answer in time. */
interface Doubtful extends Unproven {
  /** Bytes that may still be sent there. */
  allowedBytes: number;
}

/**
 * The paths of a server's connection: follows a client that a NAT, or the client itself, has given another address.
 *
 * quiche sends to a new address as soon as a packet comes from there that is no probe, asks it to prove that it can be
 * reached, and until it has sends it no more than three times what came from it. That is as it should be where an
 * answer comes in time. Where none does, quiche gives the path up for good: it must not hear of it again, or would
 * close the connection. So from then on its packets pass for such of another path, whose name then means the new
 * address, once that has answered.
 *
 * @see RFC 9000 §9.3
 */
export class PeerPaths implements ConnectionPaths {
  readonly endpoint: QuicEndpoint;
  readonly #options: PeerPathsOptions;
  #peer: Address;
  /** What quiche is told to be the peer's address: the address itself, but for one that quiche has given up. */
  #name: Address;
  /** Whether nobody has been seen at any other address. */
  #isFixed = true;
  /** Where quiche has moved to without proof. */
  #unproven: Unproven | undefined;
  #doubtful: Doubtful | undefined;
  readonly #former = new Map<string, FormerPath>();
  /** Addresses that nothing is read from any more. */
  readonly #refused = new Set<string>();
  #changeCount = 0;
  #changeWindowAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PeerPathsOptions) {
    this.#options = options;
    this.endpoint = options.endpoint;
    this.#peer = options.peer;
    this.#name = options.peer;
  }

  get peer(): Address {
    return this.#peer;
  }

  /**
   * What comes from the client's address is always read. A client that seems to be elsewhere is followed only so
   * often, whoever makes it seem so.
   */
  source(from: Address, byteLength: number): Address | undefined {
    if (isSameAddress(from, this.#peer)) {
      if (this.#doubtful !== undefined) this.#refuse(this.#doubtful.address);
      return this.#name;
    }
    if (!this.#mayChange()) return undefined;
    const doubtful = this.#doubtful;
    if (doubtful !== undefined && isSameAddress(from, doubtful.address)) {
      this.#readInDoubt(doubtful, byteLength);
      return this.#name;
    }
    const unproven = this.#unproven;
    // quiche itself asks again only when the path has fallen silent.
    if (unproven !== undefined && isSameAddress(from, unproven.address)) this.#askAgain(unproven);
    return this.#refused.has(formatAddress(from)) ? undefined : from;
  }

  afterReceive(source: Address): void {
    if (isSameAddress(source, this.#name)) return;
    this.#drainEvents(source);
    if (isSameAddress(source, this.#name)) return;
    const active = activePath(this.#options.native)?.peerHost;
    const unproven = this.#unproven;
    if (active === undefined || !isSameAddress(active, source)) return;
    if (unproven !== undefined && isSameAddress(unproven.address, source)) return;
    this.#unproven = { address: source, askedAtMs: this.#nowMs() };
  }

  send(byteLength: number, { to }: SendInfo): Buffer {
    const { sender } = this.endpoint;
    if (this.#isFixed) return sender.send(byteLength, to);
    const packet = sender.take(byteLength);
    for (const address of this.#destinations(to, byteLength)) sender.sendPacket(packet, address);
    return packet;
  }

  sendElse(space: Buffer): ReturnType<NativeConnection['send']> {
    return this.#isFixed ? null : sendOnActivePath(this.#options.native, space);
  }

  open(): void {}

  settle(): void {}

  attend(): void {
    this.#drainEvents();
  }

  /**
   * Where packets were lost on a path that is not in use any more, quiche sends only the oldest two again. It sees that
   * the others are lost when something is acknowledged that was sent there later: a challenge, which goes to the
   * client's new address as well. The client reads it once.
   */
  onTimer(): void {
    this.#drainEvents();
    const nowMs = this.#nowMs();
    for (const former of this.#former.values()) if (isSettling(former, nowMs)) this.#challenge(former.name);
  }

  onSilence(): void {}

  close(): void {}

  /** quiche counts the bytes of a datagram, whatever is in them, towards what it may send there. */
  #readInDoubt(doubtful: Doubtful, byteLength: number): void {
    doubtful.allowedBytes += ALLOWED_BYTES_PER_BYTE * byteLength;
    if (!this.#askAgain(doubtful)) return;
    this.#options.native.recv(Buffer.alloc(byteLength), { from: doubtful.address, to: this.endpoint.name });
  }

  #askAgain(unproven: Unproven): boolean {
    const nowMs = this.#nowMs();
    if (nowMs - unproven.askedAtMs < ASK_AGAIN_MS) return false;
    unproven.askedAtMs = nowMs;
    this.#challenge(unproven.address);
    return true;
  }

  /** Where a packet goes that quiche addresses to this name. */
  #destinations(name: Address, byteLength: number): Address[] {
    const doubtful = this.#doubtful;
    if (doubtful !== undefined && isSameAddress(name, doubtful.address)) return this.#allowed(byteLength);
    const former = isSameAddress(name, this.#name) ? undefined : this.#former.get(formatAddress(name));
    if (former === undefined && !isSameAddress(name, this.#name)) return [name];
    const destinations = [this.#peer, ...this.#allowed(byteLength)];
    if (former === undefined || isSameAddress(former.address, this.#peer)) return destinations;
    // Is the client there after all (RFC 9000 §9.3.3)?
    if (isSettling(former, this.#nowMs())) destinations.push(former.address);
    return destinations;
  }

  /** The address in doubt, where so much may be sent there. */
  #allowed(byteLength: number): Address[] {
    const doubtful = this.#doubtful;
    if (doubtful === undefined || doubtful.allowedBytes < byteLength) return [];
    doubtful.allowedBytes -= byteLength;
    return [doubtful.address];
  }

  /** @param source where quiche was told that the last packet came from, if this is about a packet. */
  #drainEvents(source?: Address): void {
    const { native } = this.#options;
    for (let event = nextPathEvent(native); event !== undefined; event = nextPathEvent(native)) {
      if (event.type === 'New') this.#noteNew();
      else if (event.type === 'Validated') this.#believe(event.peer);
      else if (event.type === 'FailedValidation') this.#giveUp(event.peer);
      else if (event.type === 'PeerMigrated') this.#noteMove(event.new, source);
    }
  }

  #noteMove(to: Address, source: Address | undefined): void {
    if (source !== undefined && isSameAddress(to, source)) {
      this.#leave(this.#name);
      this.#name = source;
      this.#follow(source);
    } else if (this.#unproven !== undefined && isSameAddress(to, this.#name)) {
      this.#refuse(this.#unproven.address);
    }
    // Otherwise an address has failed, and quiche has gone back to any other: that is no news of the client.
  }

  #noteNew(): void {
    this.#isFixed = false;
    this.#changeCount += 1;
  }

  #believe(address: Address): void {
    if (this.#doubtful === undefined || !isSameAddress(address, this.#doubtful.address)) return;
    this.#doubtful = undefined;
    this.#follow(address);
  }

  #giveUp(address: Address): void {
    if (isSameAddress(address, this.#name)) {
      this.#leave(address);
      this.#name = activePath(this.#options.native)?.peerHost ?? address;
    } else if (this.#unproven !== undefined && isSameAddress(address, this.#unproven.address)) {
      this.#unproven = undefined;
      this.#doubtful = { address, allowedBytes: 0, askedAtMs: Number.NEGATIVE_INFINITY };
      return;
    }
    this.#refused.add(formatAddress(address));
  }

  /**
   * The client is heard where it was, so this address was somebody else's, who sent its packets again. What went there
   * is lost; the client answers for the address now, so that quiche sees it (`onTimer`), and would be believed.
   */
  #refuse(address: Address): void {
    this.#unproven = undefined;
    this.#doubtful = undefined;
    this.#refused.add(formatAddress(address));
    this.#leave(address);
  }

  /** The path of this name is not in use any more. */
  #leave(name: Address): void {
    this.#former.set(formatAddress(name), { name, address: this.#peer, leftAtMs: this.#nowMs() });
    this.#challenge(name);
  }

  #follow(to: Address): void {
    this.#former.delete(formatAddress(this.#name));
    this.#unproven = undefined;
    this.#doubtful = undefined;
    const from = this.#peer;
    this.#peer = to;
    this.#changeCount += 1;
    this.#options.onMoved(from, to);
  }

  #challenge(name: Address): void {
    try {
      this.#options.native.probePath(this.endpoint.name, name);
    } catch {
      // The client has taken back the id for that path, and quiche the path with it.
      this.#former.delete(formatAddress(name));
    }
  }

  #mayChange(): boolean {
    const nowMs = this.#nowMs();
    if (nowMs - this.#changeWindowAtMs >= QUIC_LIMITS.addressChangeWindowMs) {
      this.#changeWindowAtMs = nowMs;
      this.#changeCount = 0;
    }
    return this.#changeCount < QUIC_LIMITS.addressChangeCount;
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }
}

function isSettling({ leftAtMs }: FormerPath, nowMs: number): boolean {
  return nowMs - leftAtMs <= QUIC_LIMITS.addressSettleMs;
}
