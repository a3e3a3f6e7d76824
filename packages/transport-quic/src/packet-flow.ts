import type { CloseInfo } from '@rta/transport';
import { nativeCloseInfo } from './close-info.ts';
import type { ConnectionIds } from './connection-ids.ts';
import { INTERNAL_ERROR, isTlsAlert } from './errors.ts';
import { QUIC_LIMITS } from './limits.ts';
import { type Address, activePath, isNativeError, type NativeConnection, sendOnAnyPath } from './native.ts';
import type { ConnectionPaths } from './paths.ts';
import type { QlogTrace } from './qlog.ts';

/** What the packets of a connection go through. */
export interface PacketFlowOptions {
  readonly native: NativeConnection;
  readonly paths: ConnectionPaths;
  readonly ids: ConnectionIds;
  readonly trace: QlogTrace | undefined;
  /** A packet has left. */
  readonly onSent: () => void;
  /** As many packets as may leave in one turn have left, and there may be more: asks for another turn. */
  readonly onTurnFull: () => void;
}

/** Moves the packets of one connection between quiche and the network, and notices where quiche ends it. */
export class PacketFlow {
  readonly #options: PacketFlowOptions;
  readonly #native: NativeConnection;
  readonly #paths: ConnectionPaths;
  readonly #trace: QlogTrace | undefined;
  /** Whether a packet of the peer's was ever valid. */
  #hasHeard = false;
  #hasFailed = false;
  /** Whether quiche may have closed the connection since it was last asked. */
  #mayHaveEnded = false;

  constructor(options: PacketFlowOptions) {
    this.#options = options;
    this.#native = options.native;
    this.#paths = options.paths;
    this.#trace = options.trace;
  }

  /** Whether this connection ends, or has ended, because of a fault of either side. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /**
   * Gives quiche a packet.
   *
   * @returns whether it looked at it; or how the connection has ended, with a first packet that was not valid.
   */
  receive(packet: Buffer, from: Address, to: Address): 'read' | 'unread' | CloseInfo {
    // quiche decrypts in place.
    this.#trace?.received(packet);
    try {
      const source = this.#paths.source(from, packet.byteLength);
      if (source === undefined) return 'unread';
      this.#native.recv(packet, { from: source, to });
      this.#hasHeard = true;
      this.#options.ids.dropRetired();
      this.#paths.afterReceive(source);
    } catch {
      // quiche has closed the connection and says why, or this was no packet at all.
      const code = this.#native.localError()?.errorCode;
      if (code !== undefined && !this.#hasHeard && !isTlsAlert(code)) {
        // Nothing that the peer sent was ever valid: nobody is told, for it may be nobody. (A peer whose handshake
        // message was read, and is not accepted, is told.)
        return { by: 'transport', code, reason: 'the first packet was not valid' };
      }
      this.#hasFailed = code !== undefined;
    }
    this.#mayHaveEnded = true;
    return 'read';
  }

  /**
   * Sends what quiche has to send, as much as one turn may.
   *
   * @returns the last packet.
   */
  send(): Buffer | undefined {
    let last: Buffer | undefined;
    for (let count = 0; count < QUIC_LIMITS.packetsPerTurnCount; count++) {
      const sent = this.#next(this.#paths.endpoint.sender.space());
      if (sent === null) return last;
      last = this.#paths.send(sent[0], sent[1]);
      this.#trace?.sent(last);
      this.#options.onSent();
    }
    this.#options.onTurnFull();
    return last;
  }

  /** quiche was told of the time, which ends connections too. */
  noteTime(): void {
    this.#mayHaveEnded = true;
  }

  /** quiche did what it never should: the peer is told of an internal error. */
  fail(): void {
    this.#native.close(false, INTERNAL_ERROR, new Uint8Array(0));
    this.#hasFailed = true;
    this.#mayHaveEnded = true;
  }

  /**
   * How the connection has ended, or undefined while it lives. Only what arrives, and time, end one: after a flush of
   * what the program wrote, quiche need not be asked.
   */
  closeInfo(): CloseInfo | undefined {
    if (!this.#mayHaveEnded) return undefined;
    this.#mayHaveEnded = false;
    return nativeCloseInfo(this.#native, this.#hasFailed);
  }

  #next(space: Buffer): ReturnType<NativeConnection['send']> {
    try {
      return this.#native.send(space) ?? this.#paths.sendElse(space);
    } catch (error) {
      if (isNativeError(error, 'InvalidState') && activePath(this.#native) !== undefined) {
        return sendOnAnyPath(this.#native, space);
      }
      this.#hasFailed = true;
      this.#mayHaveEnded = true;
      return null;
    }
  }
}
