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
export function isNativeError(error: unknown, name: 'StreamLimit' | 'InvalidStreamState' | 'Done'): boolean {
  return error instanceof Error && (error.message === name || error.message.startsWith(`${name}(`));
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
