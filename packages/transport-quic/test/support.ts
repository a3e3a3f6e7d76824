import { createDevPki } from '@rta/devkit';
import type { SecureTransportListener, TransportConnection } from '@rta/transport';
import {
  type DialQuicOptions,
  dialQuic,
  type ListenQuicOptions,
  listenQuic,
  type QuicClientConnection,
} from '../src/index.ts';

/** An authority, and a server certificate for `localhost`, 127.0.0.1 and ::1. */
export const pki = await createDevPki();
const { certPem: cert, keyPem: key } = await pki.issueServerCertificate({
  names: ['localhost'],
  ips: ['127.0.0.1', '::1'],
});
export const identity = { cert, key } as const;

/** A server on the loopback interface, and the connections that it was given. */
export interface TestServer extends AsyncDisposable {
  readonly listener: SecureTransportListener;
  readonly port: number;
  /** The next connection that nobody has asked for. */
  next(): Promise<TransportConnection>;
  /** Connects to it. */
  dial(options?: Partial<DialQuicOptions>): Promise<QuicClientConnection>;
  /** Connects to it, and gives both ends. */
  pair(
    options?: Partial<DialQuicOptions>,
  ): Promise<{ client: QuicClientConnection; server: TransportConnection }>;
}

export async function startServer(options: Partial<ListenQuicOptions> = {}): Promise<TestServer> {
  const arrived: TransportConnection[] = [];
  const waiting: ((connection: TransportConnection) => void)[] = [];
  const listener = await listenQuic({
    host: '127.0.0.1',
    port: 0,
    ...identity,
    onConnection: (connection) => {
      const resolve = waiting.shift();
      if (resolve === undefined) arrived.push(connection);
      else resolve(connection);
    },
    ...options,
  });
  const { port } = listener.address;
  const server: TestServer = {
    listener,
    port,
    next: () =>
      new Promise((resolve) => {
        const connection = arrived.shift();
        if (connection === undefined) waiting.push(resolve);
        else resolve(connection);
      }),
    dial: (chosen) => dialQuic({ host: '127.0.0.1', port, ca: pki.caCertPem, ...chosen }),
    pair: async (chosen) => {
      const [client, accepted] = await Promise.all([server.dial(chosen), server.next()]);
      return { client, server: accepted };
    },
    [Symbol.asyncDispose]: () => listener.close(),
  };
  return server;
}

/** Answers every stream with what it sends. */
export function echo(connection: TransportConnection): void {
  connection.onStream((stream) => {
    stream.setHandlers({ onData: (chunk) => void stream.write(chunk), onEnd: () => stream.end() });
  });
}

/** Sends a text on a stream of its own and returns the answer. */
export function ask(connection: TransportConnection, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = connection.openStream();
    let answer = '';
    stream.setHandlers({
      onData: (chunk) => {
        answer += new TextDecoder().decode(chunk);
      },
      onEnd: () => resolve(answer),
      onReset: (code) => reject(new Error(`reset with ${code}`)),
    });
    stream.write(new TextEncoder().encode(text));
    stream.end();
  });
}
