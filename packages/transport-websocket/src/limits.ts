import { transportError } from '@rta/transport';

/** Limits and timers of the WebSocket transport; those of one connection's streams are in `@rta/transport`. */
export const WEBSOCKET_LIMITS = {
  /** Connections that a listener holds, those included that are still in their handshake. */
  maxConnectionCount: 10_000,
  /** Handshakes in progress: each costs the server a signature and memory before the peer has proved anything. */
  maxHandshakeCount: 1_000,
  /** TLS has this long, and then the upgrade with SETTINGS: four round trips at worst. */
  handshakeTimeoutMs: 10_000,
  /** `dialWebSocket` gives up after this. */
  connectTimeoutMs: 10_000,
  /** A connection over which nothing arrives for this long is dead, and so is one whose peer takes nothing. */
  idleTimeoutMs: 30_000,
  /** The client sends a ping when nothing arrived for this long. */
  keepAliveMs: 10_000,
  /** A peer has this long to answer the closing of the WebSocket; then the socket is destroyed. */
  closeTimeoutMs: 2_000,
  /** Request line and headers of the upgrade; an agent's have about 300 bytes. */
  maxHeaderBytes: 8_192,
  /** Longest message. It is held whole until its last byte is there. */
  maxMessageBytes: 65_536,
  /** Longest run of bytes of one stream before the others have their turn: a TLS record (RFC 8446 §5.1). */
  maxDataBytes: 16_384,
  /** Frames that a WebSocket message may come in (RFC 6455 §5.4); this implementation sends one. */
  maxFragmentCount: 64,
  /** Pieces that a message may arrive in: a peer that sends it byte by byte costs more memory than its bytes. */
  maxPieceCount: 1_024,
  /** Pongs that wait for a peer that does not read: one that sends pings and reads nothing is cut off. */
  maxPendingPongCount: 16,
  /** Bytes that a peer may send on one stream before anybody reads them. */
  streamWindowBytes: 262_144,
  /** The same over all streams of a connection: 15 that nobody reads leave room for the sixteenth. */
  connectionWindowBytes: 4_194_304,
  /** Room that a stream's unread bytes take at once, so that single bytes do not cost an array each. */
  receiveBlockBytes: 4_096,
  /** Bytes given to the socket that the operating system has not taken; beyond it, bytes wait in their streams. */
  maxSocketBacklogBytes: 131_072,
} as const;

/** The timers of a connection. */
export interface ConnectionTimes {
  readonly connectTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly keepAliveMs: number;
}

/**
 * The timers in force: the defaults, with what the caller chose in their place.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for what is not a positive integer below 2^31, and where the keep-alive
 *   comes too seldom to keep anything alive.
 */
export function resolveTimes(
  chosen: { [Name in keyof ConnectionTimes]?: number | undefined },
): ConnectionTimes {
  const idleTimeoutMs = positiveInteger('idleTimeoutMs', chosen.idleTimeoutMs);
  const keepAliveMs = positiveInteger(
    'keepAliveMs',
    chosen.keepAliveMs ?? Math.min(WEBSOCKET_LIMITS.keepAliveMs, Math.ceil(idleTimeoutMs / 3)),
  );
  if (keepAliveMs * 2 > idleTimeoutMs) {
    throw transportError('RTA_TRANSPORT_CONFIG', 'keepAliveMs is above half of idleTimeoutMs', {
      details: { option: 'keepAliveMs', keepAliveMs, idleTimeoutMs },
    });
  }
  return {
    connectTimeoutMs: positiveInteger('connectTimeoutMs', chosen.connectTimeoutMs),
    handshakeTimeoutMs: positiveInteger('handshakeTimeoutMs', chosen.handshakeTimeoutMs),
    idleTimeoutMs,
    keepAliveMs,
  };
}

/**
 * A limit in force: what the caller chose, or the default.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for what is not a positive integer below 2^31.
 */
export function positiveInteger(name: keyof typeof WEBSOCKET_LIMITS, chosen: number | undefined): number {
  const value = chosen ?? WEBSOCKET_LIMITS[name];
  // Beyond 2^31 - 1, timers of Node.js fire at once, and SETTINGS cannot say it.
  if (!Number.isInteger(value) || value < 1 || value > 0x7fff_ffff) {
    throw transportError('RTA_TRANSPORT_CONFIG', `${name} is not a positive integer below 2^31`, {
      details: { option: name, value },
    });
  }
  return value;
}
