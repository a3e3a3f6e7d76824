import { createServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws';
import { identity, pki } from './support.ts';

/** SETTINGS with windows of 65535 bytes, 16 streams and an idle timeout of 30 seconds. */
export const SETTINGS = '00 8000ffff 8000ffff 10 80007530';

/** One end of a WebSocket that speaks bytes, not this package. */
export interface RawPeer {
  readonly webSocket: WebSocket;
  /** The TLS connection below. */
  readonly socket: TLSSocket;
  /** Sends a binary message, given in hexadecimal. */
  send(hex: string): void;
  /** The next message that nobody has asked for, in hexadecimal. */
  next(): Promise<string>;
  /** How the WebSocket ended. */
  readonly closed: Promise<{ code: number; reason: string }>;
}

/** Connects a WebSocket to a server; it has sent nothing yet. */
export async function rawClient(port: number, options: ClientOptions = {}): Promise<RawPeer> {
  const webSocket = new WebSocket(`wss://127.0.0.1:${port}/rta`, 'rta.1', {
    ca: pki.caCertPem,
    perMessageDeflate: false,
    ...options,
  });
  const sockets = Promise.withResolvers<TLSSocket>();
  webSocket.on('upgrade', ({ socket }) => {
    if (socket instanceof TLSSocket) sockets.resolve(socket);
  });
  const opened = Promise.withResolvers<void>();
  webSocket.once('open', opened.resolve);
  webSocket.once('error', opened.reject);
  const open = rawPeer(webSocket, sockets.promise);
  await opened.promise;
  return open;
}

/** A server that takes one WebSocket after the other. */
export interface RawServer {
  readonly port: number;
  /** The next client. */
  next(): Promise<RawPeer>;
}

/** Listens for WebSockets on the loopback interface, until the test ends. */
export async function rawServer(
  options: { autoPong?: boolean; protocol?: string | false; tls?: object } = {},
): Promise<RawServer> {
  const https = createServer({ ...identity, ...options.tls });
  const upgrades = new WebSocketServer({
    server: https,
    autoPong: options.autoPong ?? true,
    handleProtocols: () => options.protocol ?? 'rta.1',
  });
  const arrived: Promise<RawPeer>[] = [];
  const waiting: ((peer: Promise<RawPeer>) => void)[] = [];
  upgrades.on('connection', (webSocket, { socket }) => {
    if (!(socket instanceof TLSSocket)) return;
    const peer = rawPeer(webSocket, Promise.resolve(socket));
    const resolve = waiting.shift();
    if (resolve === undefined) arrived.push(peer);
    else resolve(peer);
  });
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    https.close();
    https.closeAllConnections();
    for (const client of upgrades.clients) client.terminate();
  });
  const bound = https.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('the server has no port');
  return {
    port: bound.port,
    next: () =>
      new Promise((resolve) => {
        const peer = arrived.shift();
        if (peer === undefined) waiting.push(resolve);
        else resolve(peer);
      }),
  };
}

async function rawPeer(webSocket: WebSocket, socket: Promise<TLSSocket>): Promise<RawPeer> {
  const arrived: string[] = [];
  const waiting: ((message: string) => void)[] = [];
  webSocket.on('message', (data) => {
    const hex = Buffer.isBuffer(data) ? data.toString('hex') : '';
    const resolve = waiting.shift();
    if (resolve === undefined) arrived.push(hex);
    else resolve(hex);
  });
  // An error is followed by a close.
  webSocket.on('error', () => {});
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    webSocket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  onTestFinished(() => webSocket.terminate());
  return {
    webSocket,
    socket: await socket,
    send: (hex) => webSocket.send(Buffer.from(hex.replaceAll(' ', ''), 'hex')),
    next: () =>
      new Promise((resolve) => {
        const message = arrived.shift();
        if (message === undefined) waiting.push(resolve);
        else resolve(message);
      }),
    closed,
  };
}
