import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Connection, Host } from '@matrixai/quic/native/types.js';

/** One end of a QUIC connection, driven as `@rta/transport-quic` drives it, for what that does not offer. */
export interface NativePeer {
  readonly connection: Connection;
  /** Sends what waits in the connection, when the program has nothing more to do at the moment. */
  flushSoon(): void;
  /** Takes a packet of the connection. */
  receive(packet: Buffer, from: RemoteInfo): void;
  /** Stops, without a word to the other end. */
  stop(): void;
}

const PACKET_BYTES = 1_200;

/** What makes one. */
export interface NativePeerOptions {
  readonly connection: Connection;
  readonly socket: Socket;
  /** Whether the socket is connected to the other end, as a client's is. */
  readonly isConnected: boolean;
  /** Reads what has arrived, and may write. */
  readonly onTurn: () => void;
}

/** Drives a connection: packets that the event loop reads in one go are dealt with in one turn. */
export function driveConnection(options: NativePeerOptions): NativePeer {
  const { connection, socket, isConnected, onTurn } = options;
  const { address: host, port } = socket.address();
  const local: Host = { host, port };
  let timer: NodeJS.Timeout | undefined;
  let isTurnDue = false;
  let isFlushDue = false;
  let isStopped = false;

  const flush = (): void => {
    isFlushDue = false;
    if (isStopped) return;
    for (;;) {
      const packet = Buffer.allocUnsafe(PACKET_BYTES);
      const sent = connection.send(packet);
      if (sent === null) break;
      const [byteLength, { to }] = sent;
      if (isConnected) socket.send(packet, 0, byteLength);
      else socket.send(packet, 0, byteLength, to.port, to.host);
    }
    const leftMs = connection.timeout();
    clearTimeout(timer);
    if (leftMs !== null) timer = setTimeout(onTimeout, leftMs + 1);
  };
  const turn = (): void => {
    isTurnDue = false;
    if (isStopped) return;
    onTurn();
    peer.flushSoon();
  };
  const onTimeout = (): void => {
    connection.onTimeout();
    turn();
  };

  const peer: NativePeer = {
    connection,
    flushSoon() {
      if (isFlushDue) return;
      isFlushDue = true;
      queueMicrotask(() => process.nextTick(flush));
    },
    receive(packet, { address, port: from }) {
      connection.recv(packet, { from: { host: address, port: from }, to: local });
      if (isTurnDue) return;
      isTurnDue = true;
      setImmediate(turn);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
      socket.close();
    },
  };
  return peer;
}

/** Binds a UDP socket whose sends take no look-up of addresses. */
export async function bindUdp(host: string): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    lookup: (address, _options, callback) => callback(null, address, 4),
    recvBufferSize: 2_097_152,
    sendBufferSize: 2_097_152,
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, host, resolve);
  });
  return socket;
}
