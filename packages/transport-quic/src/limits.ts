import { transportError } from '@rta/transport';

/** Limits and timers of the QUIC transport; those of one connection's streams are in `@rta/transport`. */
export const QUIC_LIMITS = {
  /** Connections that a listener holds; about 44 KB of native memory each when idle. */
  maxConnectionCount: 10_000,
  /** Handshakes in progress: each costs the server a signature and memory before the peer has proved anything. */
  maxHandshakeCount: 1_000,
  /**
   * Connections from one IPv4 address or one IPv6 /64: so that one client cannot take all of a listener's room. A
   * company's agents may share the address of its NAT, hence a quarter of the room and not less.
   */
  maxAddressConnectionCount: 2_500,
  /**
   * Handshakes in progress from one IPv4 /24 or one IPv6 /56, which an attacker may have to itself. One takes a tenth
   * of a second, so that even so a network can connect two thousand times a second.
   */
  maxNetworkHandshakeCount: 250,
  /**
   * Handshakes in progress above which clients have to prove their address: at most this, and a quarter of
   * `maxHandshakeCount`. Packets with forged addresses fill no more than that.
   */
  retryAboveHandshakeCount: 250,
  /**
   * New connections a second that need not prove their address: about what two cores can do of handshakes. Above it,
   * and above a quarter of the handshakes that may be in progress, clients are sent a Retry first.
   */
  unprovenPerSecondCount: 1_000,
  /** A client comes back with its token within one round trip, after a loss or two: later ones are not taken. */
  retryTokenLifetimeMs: 10_000,
  /**
   * Refusals, version negotiations and stateless resets that a listener sends in a second: a courtesy to clients that
   * are mistaken, and a tenth of a core at most to those who flood it.
   */
  answersPerSecondCount: 1_000,
  /** A handshake takes three round trips at worst; what has not ended by then is given up. */
  handshakeTimeoutMs: 10_000,
  /** `dialQuic` gives up after this. */
  connectTimeoutMs: 10_000,
  /** A connection over which nothing arrives for this long is dead. NATs often forget a UDP flow after 30 s. */
  idleTimeoutMs: 30_000,
  /** The client sends something when nothing arrived for this long: two may be lost before the idle timeout. */
  keepAliveMs: 10_000,
  /** A listener tells a client again that its connection is closed for this long: past the client's keep-alive. */
  serverLingerMs: 12_000,
  /** The same for a client, whose socket lives on for it; a server that hears nothing gives up by itself. */
  clientLingerMs: 1_000,
  /**
   * On a connection that is always busy, the end of a stream that comes later than its last bytes waits for this and
   * some round trips without loss, so that the bytes are acknowledged first (`stream.ts` says why).
   */
  endWaitMs: 250,
  /** Bytes in flight that a peer may send on one stream before anybody reads them; grows to `maxStreamWindowBytes`. */
  streamWindowBytes: 262_144,
  /** Where the window of one stream stops growing. */
  maxStreamWindowBytes: 1_048_576,
  /** Bytes in flight over all streams of a connection; grows to `maxConnectionWindowBytes`. */
  connectionWindowBytes: 1_048_576,
  /** Where the window of a connection stops growing: what one peer can make this side hold. */
  maxConnectionWindowBytes: 4_194_304,
  /** Largest packet sent: what every path carries; larger ones need path MTU discovery (RFC 9000 §14). */
  packetBytes: 1_200,
  /** The same to a peer on this very machine: there is no path to discover, and fewer packets cost less. */
  loopbackPacketBytes: 16_384,
  /** Packets that one connection sends in one turn of the event loop before the others have theirs. */
  packetsPerTurnCount: 64,
  /**
   * Network paths of one connection over its life, and ids that either side has for it: so often, less one, may an
   * address change. quiche forgets no path, and each costs memory and an id. After that the client must connect again.
   */
  pathCount: 8,
  /** A new path is asked at once, after one second and after three whether it carries; then it is given up. */
  pathValidationMs: 4_000,
  /**
   * Changes of address that a server follows within `addressChangeWindowMs`. Who can copy a client's packets can make
   * it look as if the client moved, and each move costs a challenge and the repetition of what is on its way.
   */
  addressChangeCount: 8,
  /** See `addressChangeCount`. */
  addressChangeWindowMs: 10_000,
  /** How long a server looks after what is still on its way to an address that its client has left. */
  addressSettleMs: 10_000,
  /** How often a client looks whether the address that it sends from is still there. */
  localAddressPollMs: 3_000,
  /** A client whose socket failed again, before anything came by it, waits this long; then twice as long, and so on. */
  firstMoveWaitMs: 100,
  /** Where that waiting stops growing. */
  lastMoveWaitMs: 5_000,
  /**
   * Socket buffers asked of the operating system, which may give less. Linux counts some 800 bytes for a packet however
   * short it is, and doubles what is asked: it is room for what 10 000 clients say at once.
   */
  socketBufferBytes: 4_194_304,
  /** How long one key protects session tickets: who learns it can read that much early data, and no more. */
  ticketKeyLifetimeMs: 3_600_000,
  /** Bytes of one trace (qlog) that wait for the disk; beyond it the rest of the trace is dropped. */
  maxQlogBacklogBytes: 4_194_304,
  /** Datagrams waiting in the process for the operating system; beyond it they are dropped, as a network would. */
  maxSendBacklogBytes: 4_194_304,
} as const;

/** Node.js takes longer timers for ones that are due. */
const MAX_TIMER_MS = 2_147_483_647;

/** The timers of a connection. */
export interface ConnectionTimes {
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly keepAliveMs: number;
}

/**
 * The timers in force: the defaults, with what the caller chose in their place.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for what is not a positive integer or above 24 days, and where
 *   the keep-alive comes too seldom to keep anything alive.
 */
export function resolveTimes(
  chosen: { [Name in keyof ConnectionTimes]?: number | undefined },
): ConnectionTimes {
  const idleTimeoutMs = timerMs('idleTimeoutMs', chosen.idleTimeoutMs);
  const keepAliveMs = timerMs(
    'keepAliveMs',
    chosen.keepAliveMs ?? Math.min(QUIC_LIMITS.keepAliveMs, Math.ceil(idleTimeoutMs / 3)),
  );
  if (keepAliveMs * 2 > idleTimeoutMs) {
    throw transportError('RTA_TRANSPORT_CONFIG', 'keepAliveMs is above half of idleTimeoutMs', {
      details: { option: 'keepAliveMs', keepAliveMs, idleTimeoutMs },
    });
  }
  return {
    connectTimeoutMs: timerMs('connectTimeoutMs', chosen.connectTimeoutMs),
    idleTimeoutMs,
    keepAliveMs,
  };
}

function timerMs(name: keyof ConnectionTimes, chosen: number | undefined): number {
  const value = positiveInteger(name, chosen);
  if (value > MAX_TIMER_MS) {
    throw transportError('RTA_TRANSPORT_CONFIG', `${name} is longer than a timer can be`, {
      details: { option: name, value, maximum: MAX_TIMER_MS },
    });
  }
  return value;
}

/**
 * A limit in force: what the caller chose, or the default.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for what is not a positive integer.
 */
export function positiveInteger(name: keyof typeof QUIC_LIMITS, chosen: number | undefined): number {
  const value = chosen ?? QUIC_LIMITS[name];
  if (!Number.isSafeInteger(value) || value < 1) {
    throw transportError('RTA_TRANSPORT_CONFIG', `${name} is not a positive integer`, {
      details: { option: name, value },
    });
  }
  return value;
}
