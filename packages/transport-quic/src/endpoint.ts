import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { DatagramSender } from './datagram-sender.ts';
import { HeldUp } from './held-up.ts';
import { QUIC_LIMITS } from './limits.ts';
import type { Address } from './native.ts';
import {
  type ConnectionIdKey,
  connectionIdKey,
  hasLongHeader,
  readLongHeader,
  shortHeaderKey,
} from './packet-routing.ts';
import { Turns, type TurnTaker } from './turns.ts';

/** What an endpoint calls on a connection. */
export interface PacketReceiver extends TurnTaker {
  /** A packet came in. `to` is the name of the endpoint's local address. */
  receive(packet: Buffer, from: Address, to: Address): void;
}

/** What is fixed when an endpoint opens. */
export interface EndpointOptions {
  /** Where to bind: an IP address, and a port or 0. */
  readonly bind: Address;
  /** Length of the buffer that streams are read into. */
  readonly scratchBytes: number;
  /** The one peer of a client's socket. */
  readonly peer?: Address;
  /** Given the datagrams that belong to no connection. */
  readonly onUnrouted: (datagram: Buffer, from: Address, to: Address) => void;
  /**
   * The operating system reported an error, such as an ICMP "port unreachable"; with one peer also that it takes no
   * packets, or that the socket is gone.
   */
  readonly onError: (error: Error, endpoint: QuicEndpoint) => void;
}

/**
 * One UDP socket and the connections behind it: reads datagrams, finds their connection by connection id, and
 * gives each its turns.
 */
export class QuicEndpoint {
  readonly address: Address;
  /** What quiche is told to be the local address; the address itself, unless somebody says otherwise. */
  name: Address;
  readonly sender: DatagramSender;
  /** Where all connections read their streams into, one after the other; what they keep they copy. */
  readonly scratch: Buffer;
  readonly #socket: Socket;
  readonly #onUnrouted: EndpointOptions['onUnrouted'];
  readonly #routes = new Map<ConnectionIdKey, PacketReceiver>();
  readonly #turns = new Turns();
  readonly #heldUp = new HeldUp();
  #closed: Promise<void> | undefined;

  private constructor(socket: Socket, options: EndpointOptions) {
    this.#socket = socket;
    this.#onUnrouted = options.onUnrouted;
    const onError = (error: Error): void => options.onError(error, this);
    const hasPeer = options.peer !== undefined;
    this.sender = new DatagramSender(socket, hasPeer, hasPeer ? onError : undefined);
    this.scratch = Buffer.allocUnsafeSlow(options.scratchBytes);
    const bound = socket.address();
    this.address = { host: bound.address, port: bound.port };
    this.name = this.address;
    socket.on('message', (datagram, from) => this.#onDatagram(datagram, from));
    socket.on('error', onError);
    socket.on('close', () => {
      this.sender.close();
      if (this.#closed === undefined)
        onError(Object.assign(new Error('the socket is closed'), { code: 'EBADF' }));
    });
  }

  /** Binds a socket, and connects it where there is one peer only. Rejects with the error of the operating system. */
  static async open(options: EndpointOptions): Promise<QuicEndpoint> {
    const isV6 = isIPv6(options.bind.host);
    const socket = createSocket({
      type: isV6 ? 'udp6' : 'udp4',
      recvBufferSize: QUIC_LIMITS.socketBufferBytes,
      sendBufferSize: QUIC_LIMITS.socketBufferBytes,
      // Addresses are IP addresses here: without this, every send would wait a turn for a look-up.
      lookup: (host, _options, callback) => callback(null, host, isV6 ? 6 : 4),
    });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(options.bind.port, options.bind.host, () => {
          if (options.peer === undefined) return resolve();
          // An argument that its types do not tell of: where there is no route, it is told here and nowhere else.
          socket.connect(options.peer.port, options.peer.host, (error?: Error) =>
            error ? reject(error) : resolve(),
          );
        });
      });
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.removeAllListeners('error');
    return new QuicEndpoint(socket, options);
  }

  /** Sends packets with this destination id to the connection. */
  addRoute(id: Uint8Array, receiver: PacketReceiver): void {
    this.#routes.set(connectionIdKey(id), receiver);
  }

  /** Forgets a destination id. */
  removeRoute(id: Uint8Array): void {
    this.#routes.delete(connectionIdKey(id));
  }

  /** Gives the connection a turn when the event loop has read all packets that are there. */
  schedule(receiver: PacketReceiver): void {
    this.#turns.schedule(receiver);
  }

  /** Flushes the connection when the program has nothing more to do at the moment. */
  flushSoon(receiver: PacketReceiver): void {
    this.#turns.flushSoon(receiver);
  }

  /** Calls back when what waits in the socket has been read: for what is late because the process was held up. */
  afterReading(callback: () => void): void {
    this.#heldUp.afterReading(callback);
  }

  /** Lets the process end although the socket is open. */
  unref(): void {
    this.#socket.unref();
  }

  /** Closes the socket once the operating system has taken what was sent. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    for (let turns = 0; turns < 100 && !this.sender.isIdle; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#routes.clear();
    if (this.sender.isClosed) return;
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }

  #onDatagram(datagram: Buffer, rinfo: RemoteInfo): void {
    this.#heldUp.noteDatagram();
    // quiche knows no zones ("fe80::1%eth0").
    const { address, port } = rinfo;
    const from = { host: address.includes('%') ? withoutZone(address) : address, port };
    const receiver = this.#find(datagram);
    if (receiver === undefined) this.#onUnrouted(datagram, from, this.name);
    else receiver.receive(datagram, from, this.name);
  }

  #find(datagram: Buffer): PacketReceiver | undefined {
    let key: ConnectionIdKey | undefined;
    if (hasLongHeader(datagram)) {
      const header = readLongHeader(datagram);
      if (header !== undefined) key = connectionIdKey(header.dcid);
    } else {
      key = shortHeaderKey(datagram);
    }
    return key === undefined ? undefined : this.#routes.get(key);
  }
}

function withoutZone(address: string): string {
  return address.slice(0, address.indexOf('%'));
}
