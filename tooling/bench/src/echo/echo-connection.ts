import type { TransportConnection } from '@rta/transport';

/** Gives back what comes on any stream of a connection, as it comes, and ends the streams that the peer ends. */
export function echoConnection(connection: TransportConnection): void {
  connection.onStream((stream) => {
    stream.setHandlers({ onData: (chunk) => void stream.write(chunk), onEnd: () => stream.end() });
  });
}
