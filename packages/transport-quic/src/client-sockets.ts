import { anyAddress } from './address.ts';
import type { PacketRouter } from './connection-ids.ts';
import { type EndpointOptions, type PacketReceiver, QuicEndpoint } from './endpoint.ts';
import type { Address } from './native.ts';

/** The path on which a connection begins. */
export const FIRST_PATH = 1;

/**
 * What quiche is told to be the local address of a client's path: a number. It only tells paths apart by it. So a path
 * that nothing came by can be given to another socket, and a port that the operating system gives again is no old path.
 */
export function pathName(peer: Address, path: number): Address {
  return { host: anyAddress(peer.host), port: path };
}

/** What is the same for all sockets of a client's connection. */
export interface ClientSocketsOptions {
  readonly peer: Address;
  /** Length of the buffer that streams are read into; the first socket has it for all. */
  readonly scratchBytes: number;
  readonly onUnrouted: EndpointOptions['onUnrouted'];
  readonly onError: EndpointOptions['onError'];
}

/** The sockets of a client's connection: one for each path that is in use, being tried, or has just been left. */
export class ClientSockets implements PacketRouter {
  readonly #options: ClientSocketsOptions;
  readonly #byPath = new Map<number, QuicEndpoint>();
  /** As hexadecimal keys; all sockets have the same. */
  readonly #routes = new Map<string, { readonly id: Uint8Array; readonly receiver: PacketReceiver }>();

  /** The socket on which the connection began. */
  readonly first: QuicEndpoint;

  private constructor(options: ClientSocketsOptions, first: QuicEndpoint) {
    this.#options = options;
    this.first = first;
    this.use(FIRST_PATH, first);
  }

  /** Opens the first socket. Rejects with the error of the operating system. */
  static async open(options: ClientSocketsOptions): Promise<ClientSockets> {
    return new ClientSockets(options, await openSocket(options, options.scratchBytes));
  }

  /** Opens a socket that no path uses yet. Rejects with the error of the operating system. */
  another(localHost?: string): Promise<QuicEndpoint> {
    return openSocket(this.#options, 0, localHost);
  }

  /** Lets a socket carry a path, in the place of the one that did. */
  use(path: number, socket: QuicEndpoint): void {
    this.drop(path);
    socket.name = pathName(this.#options.peer, path);
    for (const { id, receiver } of this.#routes.values()) socket.addRoute(id, receiver);
    this.#byPath.set(path, socket);
  }

  /** The socket that carries a path. */
  of(path: number): QuicEndpoint | undefined {
    return this.#byPath.get(path);
  }

  /** Closes the socket of a path. */
  drop(path: number): void {
    const socket = this.#byPath.get(path);
    this.#byPath.delete(path);
    void socket?.close();
  }

  /** Closes all sockets but that of one path. */
  dropAllBut(path: number): void {
    for (const other of this.#byPath.keys()) if (other !== path) this.drop(other);
  }

  addRoute(id: Uint8Array, receiver: PacketReceiver): void {
    this.#routes.set(Buffer.from(id).toString('hex'), { id, receiver });
    for (const socket of this.#byPath.values()) socket.addRoute(id, receiver);
  }

  removeRoute(id: Uint8Array): void {
    this.#routes.delete(Buffer.from(id).toString('hex'));
    for (const socket of this.#byPath.values()) socket.removeRoute(id);
  }
}

function openSocket(
  options: ClientSocketsOptions,
  scratchBytes: number,
  localHost = anyAddress(options.peer.host),
): Promise<QuicEndpoint> {
  const { peer, onUnrouted, onError } = options;
  return QuicEndpoint.open({ bind: { host: localHost, port: 0 }, peer, scratchBytes, onUnrouted, onError });
}
