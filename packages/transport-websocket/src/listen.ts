import type { IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type Clock, systemClock } from '@rta/core';
import {
  type ClientAuthentication,
  type CloseInfo,
  type ConnectionHandler,
  checkCode,
  resolveTransportLimits,
  type SecureTransportListener,
  surfaceHandlerError,
  type TransportLimits,
  transportError,
} from '@rta/transport';
import { WebSocketServer } from 'ws';
import { checkPath, checkPort, formatAddress } from './address.ts';
import { WebSocketConnection } from './connection.ts';
import { type WebSocketRefusal, webSocketDiagnostics } from './diagnostics.ts';
import { isWebSocketErrorCode } from './errors.ts';
import { FrameWriter } from './frame-writer.ts';
import { Handshakes } from './handshakes.ts';
import { positiveInteger, resolveTimes, WEBSOCKET_LIMITS } from './limits.ts';
import { channelBinding, serverTlsOptions } from './tls.ts';
import {
  answerPlainRequest,
  judgeClient,
  judgeUpgrade,
  MALFORMED,
  refuseUpgrade,
  type UpgradeRefusal,
} from './upgrade.ts';
import { DEFAULT_PATH, SUBPROTOCOL, WEBSOCKET_OPTIONS } from './web-socket.ts';

/** Where to listen, and as whom. */
export interface ListenWebSocketOptions {
  /** A DNS name or an IP address of this machine; `0.0.0.0` or `::` for all. */
  readonly host: string;
  /** A TCP port; 0 for any that is free. */
  readonly port: number;
  /** The path of the endpoint; default `/rta`. */
  readonly path?: string;
  /** The server's certificate and those between it and the authority, PEM. */
  readonly cert: string;
  /** The certificate's private key, PEM. */
  readonly key: string;
  /** Asks clients for a certificate (mutual TLS); by default they are asked for none. */
  readonly clientAuthentication?: ClientAuthentication;
  /** Given each connection when its handshake is complete. */
  readonly onConnection: ConnectionHandler;
  /** Connections held at once, handshakes included; default 10 000. Clients beyond it are refused. */
  readonly maxConnectionCount?: number;
  /** Handshakes in progress at once; default 1000. Clients beyond it are refused. */
  readonly maxHandshakeCount?: number;
  /** TLS is given up after this, and so is what follows it up to the first message; default 10 seconds. */
  readonly handshakeTimeoutMs?: number;
  /** A connection over which nothing arrives for this long is dead; default 30 seconds. */
  readonly idleTimeoutMs?: number;
  /** Limits of each connection's streams; default `TRANSPORT_LIMITS`. */
  readonly limits?: Partial<TransportLimits>;
  /** Runs the timers; that of the TLS handshake follows the machine's clock in any case. */
  readonly clock?: Clock;
}

/**
 * Listens for WebSocket connections over TLS 1.3 on a TCP port, which is its own: what asks for anything else is told
 * so.
 *
 * @throws RtaError `RTA_TRANSPORT_CONFIG` for a certificate, key or limit that is not usable, and
 *   where the address cannot be bound (the cause says why).
 */
export async function listenWebSocket(options: ListenWebSocketOptions): Promise<SecureTransportListener> {
  const { clientAuthentication, path = DEFAULT_PATH, clock = systemClock } = options;
  const limits = resolveTransportLimits(options.limits);
  const maxConnectionCount = positiveInteger('maxConnectionCount', options.maxConnectionCount);
  const maxHandshakeCount = positiveInteger('maxHandshakeCount', options.maxHandshakeCount);
  const { idleTimeoutMs, handshakeTimeoutMs } = resolveTimes({
    idleTimeoutMs: options.idleTimeoutMs,
    handshakeTimeoutMs: options.handshakeTimeoutMs,
  });
  checkPort(options.port, 0);
  checkPath(path);
  const tlsOptions = serverTlsOptions(options, clientAuthentication);

  /** Every TCP connection, whatever has become of it. */
  const sockets = new Set<Socket>();
  const handshakes = new Handshakes({
    clock,
    timeoutMs: handshakeTimeoutMs,
    onTimeout: (socket) => publishRefusal(socket, 'timeout'),
  });
  const open = new Set<WebSocketConnection>();
  /** Connections that have ended, and whose sockets are not closed yet. */
  const closing = new Set<WebSocketConnection>();
  const writer = new FrameWriter();
  let closed: Promise<void> | undefined;

  const https = createHttpsServer({
    ...tlsOptions,
    ALPNProtocols: ['http/1.1'],
    requestCert: clientAuthentication !== undefined,
    // Whether the certificate is good is judged with the upgrade, so that the client is told.
    rejectUnauthorized: false,
    handshakeTimeout: handshakeTimeoutMs,
    maxHeaderSize: WEBSOCKET_LIMITS.maxHeaderBytes,
  });
  const upgrades = new WebSocketServer({
    ...WEBSOCKET_OPTIONS,
    noServer: true,
    clientTracking: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  https.on('tlsClientError', (_error, socket) => publishRefusal(socket, 'tls'));
  https.on('secureConnection', (socket) => {
    if (closed === undefined) handshakes.begin(socket);
    else socket.destroy();
  });
  https.on('request', (request, response) => {
    publishRefusal(request.socket, answerPlainRequest(request, response, path));
  });
  https.on('upgrade', (request, socket, head) => {
    // The server has TLS sockets only.
    if (socket instanceof TLSSocket) onUpgrade(request, socket, head);
  });
  upgrades.on('wsClientError', (_error, socket) => {
    if (socket instanceof TLSSocket) refuse(socket, MALFORMED);
  });

  function accept(socket: Socket): void {
    const isFull = sockets.size >= maxConnectionCount;
    if (isFull || sockets.size - open.size - closing.size >= maxHandshakeCount) {
      publishRefusal(socket, isFull ? 'connections' : 'handshakes');
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('error', ignore);
    socket.once('close', () => sockets.delete(socket));
    https.emit('connection', socket);
  }

  function onUpgrade(request: IncomingMessage, socket: TLSSocket, head: Buffer): void {
    socket.on('error', ignore);
    const client = judgeUpgrade(request, path) ?? judgeClient(socket, clientAuthentication);
    if (client !== undefined && !(client instanceof Uint8Array)) {
      refuse(socket, client);
      return;
    }
    upgrades.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new WebSocketConnection({
        role: 'server',
        webSocket,
        socket,
        writer,
        limits,
        clock,
        channelBinding: channelBinding(socket),
        clientThumbprint: client,
        idleTimeoutMs,
        keepAliveMs: undefined,
        onOpen: (opened) => {
          handshakes.end(socket);
          onOpen(opened);
        },
        onEnd: (ended, info) => {
          if (open.delete(ended)) onEnd(ended, info);
          else if (handshakes.end(socket)) publishRefusal(socket, 'settings');
        },
      });
      connection.start();
    });
  }

  function onOpen(connection: WebSocketConnection): void {
    open.add(connection);
    const { id, remoteAddress } = connection;
    webSocketDiagnostics.publish({ fact: 'opened', connectionId: id, remoteAddress });
    try {
      options.onConnection(connection);
    } catch (error) {
      surfaceHandlerError(error);
    }
  }

  function onEnd(connection: WebSocketConnection, info: CloseInfo): void {
    closing.add(connection);
    void connection.gone.then(() => closing.delete(connection));
    publishClose(connection, info);
  }

  const tcp = await bind(options, accept);

  async function closeAll(code: number, reason: string): Promise<void> {
    const unbound = new Promise<void>((resolve) => tcp.close(() => resolve()));
    handshakes.destroyAll();
    await Promise.all([...open].map((connection) => connection.close(code, reason)));
    await Promise.all([...closing].map(({ gone }) => gone));
    // What is left never was a connection.
    for (const socket of sockets) socket.destroy();
    await unbound;
  }

  const listener: SecureTransportListener = {
    kind: 'websocket',
    address: addressOf(tcp),
    get openConnections() {
      return open.size;
    },
    reload: (credentials) => https.setSecureContext(serverTlsOptions(credentials, clientAuthentication)),
    close: (code = 0, reason = '') => {
      checkCode(code);
      closed ??= closeAll(code, reason);
      return closed;
    },
    [Symbol.asyncDispose]: () => listener.close(),
  };
  return listener;
}

/** Errors of a socket come before its `close`, which is looked at. */
function ignore(): void {}

function refuse(socket: TLSSocket, refusal: UpgradeRefusal): void {
  publishRefusal(socket, refusal.because);
  refuseUpgrade(socket, refusal);
}

function publishRefusal(socket: Socket, because: WebSocketRefusal): void {
  const { remoteAddress = 'unknown', remotePort = 0 } = socket;
  webSocketDiagnostics.publish({
    fact: 'refused',
    remoteAddress: formatAddress(remoteAddress, remotePort),
    because,
  });
}

function publishClose({ id, remoteAddress }: WebSocketConnection, { by, code, reason }: CloseInfo): void {
  webSocketDiagnostics.publish({
    fact: 'closed',
    connectionId: id,
    remoteAddress,
    by,
    code,
    ...(isWebSocketErrorCode(reason) ? { fault: reason } : {}),
  });
}

function addressOf(server: Server): { readonly host: string; readonly port: number } {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('the server has no port');
  return { host: bound.address, port: bound.port };
}

/** Binds the port. @throws RtaError `RTA_TRANSPORT_CONFIG`. */
async function bind(
  { host, port }: ListenWebSocketOptions,
  onSocket: (socket: Socket) => void,
): Promise<Server> {
  const server = createTcpServer({ noDelay: true }, onSocket);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
  } catch (cause) {
    throw transportError('RTA_TRANSPORT_CONFIG', 'the address cannot be bound', {
      details: { host, port },
      cause,
    });
  }
  server.removeAllListeners('error');
  return server;
}
