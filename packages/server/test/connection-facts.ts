import type { TransportConnection } from '@rta/transport';

/** What a test decides about a connection within the process. It may change its mind while the connection is open. */
export interface ConnectionFacts {
  isEarly?: boolean;
  clientThumbprint?: Uint8Array | undefined;
  channelBinding?: Uint8Array;
  remoteAddress?: string;
}

/** A real connection, with facts of the test in the place of its own. */
export function withFacts(inner: TransportConnection, facts: ConnectionFacts): TransportConnection {
  return {
    id: inner.id,
    kind: inner.kind,
    protocol: inner.protocol,
    closed: inner.closed,
    get remoteAddress() {
      return facts.remoteAddress ?? inner.remoteAddress;
    },
    get channelBinding() {
      return facts.channelBinding ?? inner.channelBinding;
    },
    get clientThumbprint() {
      return facts.clientThumbprint;
    },
    get isEarly() {
      return facts.isEarly ?? inner.isEarly;
    },
    get openStreams() {
      return inner.openStreams;
    },
    openStream: () => inner.openStream(),
    onStream: (handler) => inner.onStream(handler),
    close: (code, reason) => inner.close(code, reason),
    [Symbol.asyncDispose]: () => inner.close(),
  };
}
