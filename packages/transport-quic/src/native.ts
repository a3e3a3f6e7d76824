/**
 * The native quiche binding of `@matrixai/quic`: the only file that imports it.
 *
 * Its errors are plain `Error`s whose message is the name of quiche's error, with a code in brackets for
 * those that a peer's stream reset carries.
 */

import quiche from '@matrixai/quic/native/quiche.js';
import type { Config, Connection } from '@matrixai/quic/native/types.js';

/** A quiche configuration: TLS context, transport parameters. */
export type NativeConfig = Config;

/** A quiche connection: a state machine that takes and gives packets. */
export type NativeConnection = Connection;

/** An IP address (never a name: the binding would look it up, and block) and a port. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Between which addresses quiche wants a packet to go. */
export interface SendInfo {
  readonly from: Address;
  readonly to: Address;
}

/** What quiche tells of a network path. (The binding's types lack `FailedValidation`.) */
export type PathEvent =
  | {
      /** `New`: a server's peer sends from another address. `Closed`: quiche has forgotten the path. */
      readonly type: 'New' | 'Validated' | 'FailedValidation' | 'Closed';
      readonly local: Address;
      readonly peer: Address;
    }
  | {
      /** A server's peer has moved, and its address is validated. */
      readonly type: 'PeerMigrated';
      /** The local address. */
      readonly old: Address;
      /** The peer's. */
      readonly new: Address;
    }
  | { readonly type: 'ReusedSourceConnectionId' };

/** Makes configurations. */
export const NativeConfig = quiche.Config;

/** Makes connections. */
export const NativeConnection = quiche.Connection;

/** Longest Retry packet here: header, two ids, a token and the integrity tag. */
const MAX_RETRY_BYTES = 256;

/**
 * A Retry packet (RFC 9000 §17.2.5): it proves that it saw the client's packet, and asks for the token to be brought
 * back in a packet to another id.
 *
 * @param header of the client's packet.
 */
export function retryPacket(
  header: { readonly version: number; readonly dcid: Uint8Array; readonly scid: Uint8Array },
  retryId: Uint8Array,
  token: Uint8Array,
): Buffer {
  const packet = Buffer.alloc(MAX_RETRY_BYTES);
  const byteLength = quiche.retry(header.scid, header.dcid, retryId, token, header.version, packet);
  return packet.subarray(0, byteLength);
}

/** A stateless reset token as the binding wants it. */
export function nativeResetToken(token: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(token).toString('hex')}`);
}

/** The congestion control of all connections; `config.ts` says why. */
export const CONGESTION_CONTROL = quiche.CongestionControlAlgorithm.BBR;

const SHUTDOWN_READ = quiche.Shutdown.Read;
const SHUTDOWN_WRITE = quiche.Shutdown.Write;

const STREAM_BROKEN = /^Stream(?:Reset|Stopped)\((\d+)\)$/;

/** The code with which the peer broke a stream off, or undefined where this error says something else. */
export function streamBrokenCode(error: unknown): number | undefined {
  const match = error instanceof Error ? STREAM_BROKEN.exec(error.message) : null;
  return match === null ? undefined : Number(match[1]);
}

/** Whether a native error has this name. */
export function isNativeError(
  error: unknown,
  name: 'StreamLimit' | 'InvalidState' | 'InvalidStreamState' | 'Done',
): boolean {
  return error instanceof Error && (error.message === name || error.message.startsWith(`${name}(`));
}

/**
 * The application protocol that was negotiated; in early data, that of the session which is resumed: the TLS library
 * takes no early data where the negotiation comes to another one (RFC 8446 §4.2.10). Empty before.
 */
export function applicationProtocol(connection: NativeConnection): string {
  return Buffer.from(connection.applicationProto()).toString('latin1');
}

/** The next thing that quiche has to tell of paths, until there is nothing more. */
export function nextPathEvent(connection: NativeConnection): PathEvent | undefined {
  const event: PathEvent | null | undefined = connection.pathEventNext();
  return event ?? undefined;
}

/** Gives the peer another id for this connection. */
export function addSourceId(connection: NativeConnection, id: Uint8Array, resetToken: Uint8Array): void {
  // To ask the peer to retire others for it can leave quiche without a path: it is not asked.
  connection.newSourceCid(id, nativeResetToken(resetToken), false);
}

/**
 * Gives the path with this id of the peer's another one, if the peer has given one to spare: who has seen an id on one
 * network must not meet it on another (RFC 9000 §9.5). Without one to spare, quiche would leave the path with none.
 */
export function retireId(connection: NativeConnection, sequence: number): void {
  if (connection.availableDcids() === 0) return;
  try {
    connection.retireDestinationCid(sequence);
  } catch {
    // The peer has taken it back already.
  }
}

/** The path that quiche uses, or undefined where the last one has failed. */
export function activePath(
  connection: NativeConnection,
): { readonly localHost: Address; readonly peerHost: Address; readonly rtt: number } | undefined {
  return connection.pathStats().find(({ active }) => active);
}

/**
 * The next packet on the path in use. quiche sends on a path that is to be probed before all others, and on none where
 * it cannot send on that one: because its congestion window is full, or a server may not send there any more.
 */
export function sendOnActivePath(
  connection: NativeConnection,
  space: Uint8Array,
): ReturnType<NativeConnection['send']> {
  const active = activePath(connection);
  if (active === undefined) return null;
  try {
    return connection.sendOnPath(space, active.localHost, active.peerHost);
  } catch {
    // Nor is there anything to be sent on a path that has failed.
    return null;
  }
}

/**
 * The next packet on whichever path has one. quiche answers a peer that challenges a path that was left before it does
 * anything else, and cannot where the peer has meanwhile taken back the id of ours that the path is known by: the others
 * go on without it.
 */
export function sendOnAnyPath(
  connection: NativeConnection,
  space: Uint8Array,
): ReturnType<NativeConnection['send']> {
  for (const { localHost, peerHost } of connection.pathStats()) {
    try {
      const sent = connection.sendOnPath(space, localHost, peerHost);
      if (sent !== null) return sent;
    } catch {
      // It is this one.
    }
  }
  return null;
}

/** Round trip time of the path that is in use, as measured; 0 where nothing is known. */
export function roundTripMs(connection: NativeConnection): number {
  return activePath(connection)?.rtt ?? 0;
}

/** Tells the peer that this side neither sends nor reads on; a stream that is already gone is left alone. */
export function breakStream(connection: NativeConnection, streamId: number, code: number): void {
  for (const direction of [SHUTDOWN_WRITE, SHUTDOWN_READ]) {
    try {
      connection.streamShutdown(streamId, direction, code);
    } catch (error) {
      if (!isNativeError(error, 'InvalidStreamState') && !isNativeError(error, 'Done')) throw error;
    }
  }
}
