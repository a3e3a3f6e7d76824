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

/** What is broken, the check that catches it, and the fault. */
export type FaultCase = readonly [broken: string, check: string, fault: Fault];

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

/** Cuts a chunk into the arrays that were written, and gives those. */
export function giveOriginals(handlers: StreamHandlers, written: Uint8Array[], chunk: Uint8Array): void {
  for (let rest = chunk.byteLength; rest > 0; ) {
    const next = written.shift() ?? new Uint8Array(rest);
    handlers.onData(next);
    rest -= next.byteLength;
  }
}

/** A stream that never holds the peer back, and gives what it hoarded from inside `resume`. */
export function hoard(stream: TransportStream): Partial<TransportStream> {
  let current: StreamHandlers | undefined;
  let paused = false;
  const kept: Uint8Array[] = [];
  return {
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      for (const chunk of kept.splice(0)) current?.onData(chunk);
    },
    setHandlers: (handlers) => {
      current = handlers;
      const keep = (chunk: Uint8Array): void => (paused ? void kept.push(chunk) : handlers.onData(chunk));
      stream.setHandlers({
        onData: keep,
        onEnd: () => handlers.onEnd?.(),
        onReset: (code) => handlers.onReset?.(code),
        onWritable: () => handlers.onWritable?.(),
      });
    },
  };
}
