import { randomBytes } from 'node:crypto';
import { checkCode, surfaceHandlerError } from './close.ts';
import { transportError } from './errors.ts';
import { resolveTransportLimits, type TransportLimits } from './limits.ts';
import { MemoryConnection, type MemoryConnectionOptions } from './memory-connection.ts';
import type { ConnectionHandler, TransportConnection, TransportListener } from './transport.ts';

const CHANNEL_BINDING_BYTES = 32;

/** Both ends of one in-memory connection. */
export interface MemoryTransportPair {
  readonly client: TransportConnection;
  readonly server: TransportConnection;
}

/** How the connections of a network within this process are. */
export interface MemoryTransportOptions extends Partial<TransportLimits> {
  /** What both ends see as agreed on; default `rta/1`. */
  readonly protocol?: string;
}

/** A network within this process, with one place to listen. */
export interface MemoryTransport {
  /**
   * Accepts connections.
   *
   * @throws RtaError `RTA_TRANSPORT_CONFIG` while another listener is open.
   */
  listen(onConnection: ConnectionHandler): TransportListener;
  /**
   * Connects to the listener.
   *
   * @throws RtaError `RTA_TRANSPORT_UNREACHABLE` where nobody listens.
   */
  connect(): Promise<TransportConnection>;
}

/**
 * Makes a connection within this process: a real implementation of the port, for tests and for programs that
 * hold both ends. Nothing is encrypted, because nothing leaves the process.
 *
 * @param options limits of both ends, default `TRANSPORT_LIMITS`; and their protocol.
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for limits that are not usable.
 */
export function createMemoryTransportPair(options?: MemoryTransportOptions): MemoryTransportPair {
  const [client, server] = MemoryConnection.pair(resolveOptions(options));
  return { client, server };
}

/**
 * Makes a network within this process. All its connections have the same channel binding, as those of a server with
 * one certificate have.
 *
 * @param options limits of all connections, default `TRANSPORT_LIMITS`; and their protocol.
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for limits that are not usable.
 */
export function createMemoryTransport(options?: MemoryTransportOptions): MemoryTransport {
  const resolved = resolveOptions(options);
  let current: { accept: (connection: MemoryConnection) => void } | undefined;

  return {
    listen: (onConnection) => {
      if (current !== undefined) throw transportError('RTA_TRANSPORT_CONFIG', 'somebody listens already');
      const open = new Set<MemoryConnection>();
      const place = {
        accept: (connection: MemoryConnection): void => {
          open.add(connection);
          void connection.closed.then(() => open.delete(connection));
          try {
            onConnection(connection);
          } catch (error) {
            surfaceHandlerError(error);
          }
        },
      };
      current = place;
      const listener: TransportListener = {
        kind: 'memory',
        address: { host: 'memory', port: 0 },
        get openConnections() {
          return open.size;
        },
        close: async (code = 0, reason = '') => {
          checkCode(code);
          if (current === place) current = undefined;
          await Promise.all([...open].map((connection) => connection.close(code, reason)));
        },
        [Symbol.asyncDispose]: () => listener.close(),
      };
      return listener;
    },
    connect: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      if (current === undefined) throw transportError('RTA_TRANSPORT_UNREACHABLE', 'nobody listens');
      const [client, server] = MemoryConnection.pair(resolved);
      current.accept(server);
      return client;
    },
  };
}

function resolveOptions({
  protocol = 'rta/1',
  ...limits
}: MemoryTransportOptions = {}): MemoryConnectionOptions {
  return {
    limits: resolveTransportLimits(limits),
    protocol,
    channelBinding: randomBytes(CHANNEL_BINDING_BYTES),
  };
}
