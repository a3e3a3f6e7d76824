/** Takes parts of a transport apart and puts them together wrongly. */

import {
  createMemoryTransportPair,
  type MemoryTransportPair,
  type StreamHandlers,
  type TransportConnection,
  type TransportLimits,
  type TransportStream,
} from '@rta/transport';

/** Makes a connection with something broken. */
export type Fault = (limits?: Partial<TransportLimits>) => MemoryTransportPair;

/** The target, with some members replaced. */
export function replace<Target extends object>(target: Target, members: Partial<Target>): Target {
  return new Proxy(target, {
    get: (_target, key) => {
      const holder = key in members ? members : target;
      const value: unknown = Reflect.get(holder, key, holder);
      return typeof value === 'function' ? value.bind(holder) : value;
    },
  });
}

/** A fault of both connections. */
export const inConnections =
  (break_: (inner: TransportConnection, side: 'client' | 'server') => Partial<TransportConnection>): Fault =>
  (limits) => {
    const { client, server } = createMemoryTransportPair(limits);
    return {
      client: replace(client, break_(client, 'client')),
      server: replace(server, break_(server, 'server')),
    };
  };

/** A fault of all streams, at both ends. */
export const inStreams = (
  break_: (
    inner: TransportStream,
    end: 'near' | 'far',
    connection: TransportConnection,
  ) => Partial<TransportStream>,
): Fault =>
  inConnections((inner) => ({
    openStream: () => {
      const stream = inner.openStream();
      return replace(stream, break_(stream, 'near', inner));
    },
    onStream: (handler) => inner.onStream((stream) => handler(replace(stream, break_(stream, 'far', inner)))),
  }));

/** A fault of what streams tell. */
export const inHandlers = (
  break_: (handlers: Required<StreamHandlers>, stream: TransportStream) => Partial<StreamHandlers>,
): Fault =>
  inStreams((stream) => ({
    setHandlers: (handlers) => {
      const all: Required<StreamHandlers> = {
        onData: handlers.onData,
        onEnd: () => handlers.onEnd?.(),
        onReset: (code) => handlers.onReset?.(code),
        onWritable: () => handlers.onWritable?.(),
      };
      stream.setHandlers({ ...all, ...break_(all, stream) });
    },
  }));
