import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createDevPki } from '@rta/devkit';
import type { SecureTransportListener, TransportConnection } from '@rta/transport';
import { onTestFinished } from 'vitest';
import {
  type DialWebSocketOptions,
  dialWebSocket,
  type ListenWebSocketOptions,
  listenWebSocket,
  type WebSocketDiagnostic,
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
  dial(options?: Partial<DialWebSocketOptions>): Promise<TransportConnection>;
  /** Connects to it, and gives both ends. */
  pair(
    options?: Partial<DialWebSocketOptions>,
  ): Promise<{ client: TransportConnection; server: TransportConnection }>;
}

export async function startServer(options: Partial<ListenWebSocketOptions> = {}): Promise<TestServer> {
  const arrived: TransportConnection[] = [];
  const waiting: ((connection: TransportConnection) => void)[] = [];
  const listener = await listenWebSocket({
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
    dial: (chosen) => dialWebSocket({ host: '127.0.0.1', port, ca: pki.caCertPem, ...chosen }),
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

/** Asks the server for something over HTTPS, and returns its answer. */
export function knock(
  port: number,
  options: { path?: string; method?: string; headers?: Record<string, string> } = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port,
      path: '/rta',
      ca: pki.caCertPem,
      agent: false,
      ...options,
    });
    asked.on('response', (response) => {
      response.resume();
      resolve(response);
    });
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** What listeners publish until the test ends. */
export interface Facts {
  readonly seen: readonly WebSocketDiagnostic[];
  until(condition: (fact: WebSocketDiagnostic) => boolean): Promise<void>;
}

export function listenToFacts(): Facts {
  const seen: WebSocketDiagnostic[] = [];
  const waiters: { condition: (fact: WebSocketDiagnostic) => boolean; resolve: () => void }[] = [];
  const note = (message: unknown): void => {
    const fact = message as WebSocketDiagnostic;
    seen.push(fact);
    for (const { condition, resolve } of waiters) if (condition(fact)) resolve();
  };
  subscribe('rta:transport-websocket', note);
  onTestFinished(() => void unsubscribe('rta:transport-websocket', note));
  return {
    seen,
    until: (condition) =>
      new Promise((resolve) => {
        if (seen.some(condition)) resolve();
        else waiters.push({ condition, resolve });
      }),
  };
}
