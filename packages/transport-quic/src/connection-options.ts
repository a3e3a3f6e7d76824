import type { Clock } from '@rta/core';
import type { CloseInfo, TransportConnection, TransportLimits } from '@rta/transport';
import type { QuicConnection } from './connection.ts';
import type { PacketRouter } from './connection-ids.ts';
import type { QuicEndpoint } from './endpoint.ts';
import type { LingeringClose } from './lingering-close.ts';
import type { NativeConnection } from './native.ts';
import type { ConnectionPaths } from './paths.ts';
import type { QlogOpener } from './qlog.ts';
import type { StatelessResetToken } from './stateless-reset.ts';

/**
 * What became of early data: there was none; it is not known yet; the server took up the session of the ticket; it
 * did not, and what was written early is sent again after the handshake.
 */
export type EarlyData = 'none' | 'pending' | 'accepted' | 'rejected';

/** Who is at the ends of a connection, as the port tells it. */
export type ConnectionIdentity = Pick<TransportConnection, 'channelBinding' | 'clientThumbprint'>;

/** What the ends of a connection agreed on and know of each other; nothing before the program has the connection. */
export type Agreement = ConnectionIdentity & Pick<TransportConnection, 'protocol'>;

/** What is fixed when a connection begins. */
export interface ConnectionOptions {
  readonly role: 'client' | 'server';
  readonly native: NativeConnection;
  /** Gives the turns. */
  readonly endpoint: QuicEndpoint;
  readonly paths: ConnectionPaths;
  readonly router: PacketRouter;
  readonly limits: TransportLimits;
  readonly clock: Clock;
  /** Destination ids that packets for this connection may bear from the start. */
  readonly routes: readonly Uint8Array[];
  /** Of the ids that the peer is given later. */
  readonly resetToken: StatelessResetToken;
  /** A connection over which nothing arrives for this long is dead. */
  readonly idleTimeoutMs: number;
  /** Send something when nothing arrived for this long; 0 for never. */
  readonly keepAliveMs: number;
  /**
   * Whether bytes of the program may come and go before the handshake is complete (RFC 9001 §4.6): at a client that
   * has a ticket, at a server that takes early data.
   */
  readonly allowsEarlyData: boolean;
  /**
   * Says who the peers are, or undefined to refuse the other. Asked once the handshake is complete, and
   * before early data, of the certificate that the ticket is from.
   */
  readonly identify: (native: NativeConnection) => ConnectionIdentity | undefined;
  /** The program may use the connection: its handshake is complete and the peer accepted, or it has early data. */
  readonly onOpen: (connection: QuicConnection) => void;
  /** The handshake is complete and the peer is accepted. */
  readonly onEstablished: (connection: QuicConnection) => void;
  /** Traces the connection where it returns a sink. */
  readonly qlog?: QlogOpener | undefined;
  /** How long to go on telling a peer that has not heard of the close. */
  readonly lingerMs: number;
  /**
   * The connection has ended, or its handshake failed. Called once, with what is left to do where this side closed:
   * it ends by itself.
   */
  readonly onEnd: (connection: QuicConnection, info: CloseInfo, lingering?: LingeringClose) => void;
}
