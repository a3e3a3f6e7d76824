import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type Clock, isRtaError, systemClock } from '@rta/core';
import {
  type CloseInfo,
  resolveTransportLimits,
  type ServerCredentials,
  type TransportConnection,
  type TransportLimits,
  transportError,
} from '@rta/transport';
import { WebSocket } from 'ws';
import { checkPath, checkPort, formatHost } from './address.ts';
import { WebSocketConnection } from './connection.ts';
import { notUsable, unreachable } from './errors.ts';
import { FrameWriter } from './frame-writer.ts';
import { resolveTimes } from './limits.ts';
import { channelBinding, clientTlsOptions, identifyServer, thumbprint } from './tls.ts';
import { CLOSE_STATUS, DEFAULT_PATH, SUBPROTOCOL, WEBSOCKET_OPTIONS } from './web-socket.ts';

/** Where to connect, and whom to trust. */
export interface DialWebSocketOptions {
  /** A DNS name or an IP address. */
  readonly host: string;
  readonly port: number;
  /** The path of the endpoint; default `/rta`. */
  readonly path?: string;
  /** The DNS name or IP address that the server's certificate must be valid for; default `host`. */
  readonly serverName?: string;
  /** Certificates of the authorities to trust, PEM; default those that Node.js trusts. */
  readonly ca?: string;
  /** The certificate to show where the server asks for one (mutual TLS), and its key. */
  readonly credentials?: ServerCredentials;
  /** Gives up when it fires, and rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Gives up after this; default 10 seconds. */
  readonly connectTimeoutMs?: number;
  /** A connection over which nothing arrives for this long is dead; default 30 seconds. */
  readonly idleTimeoutMs?: number;
  /** Sends a ping when nothing arrived for this long; default 10 seconds, at most half of `idleTimeoutMs`. */
  readonly keepAliveMs?: number;
  /** Limits of the connection's streams; default `TRANSPORT_LIMITS`. */
  readonly limits?: Partial<TransportLimits>;
  /** Runs the timers. */
  readonly clock?: Clock;
}

/** Host and port, for errors. */
interface Peer {
  readonly host: string;
  readonly port: number;
}

/**
 * Connects to a WebSocket server over TLS 1.3 and verifies its certificate: chain, validity period, and name.
 *
 * @returns the connection, its handshake complete.
 * @throws RtaError `RTA_TRANSPORT_CERTIFICATE` for a certificate that is not trusted or is not for `serverName`,
 *   `RTA_TRANSPORT_UNREACHABLE` where nobody answers in time or the server has no room,
 *   `RTA_TRANSPORT_HANDSHAKE` where the server has no TLS 1.3, no such endpoint, another subprotocol, or does not
 *   take the client's certificate,
 *   `RTA_TRANSPORT_CONFIG` for options that are not usable.
 */
export async function dialWebSocket(options: DialWebSocketOptions): Promise<TransportConnection> {
  const { host, port, path = DEFAULT_PATH, serverName = host, credentials, signal } = options;
  const clock = options.clock ?? systemClock;
  const limits = resolveTransportLimits(options.limits);
  const times = resolveTimes({
    connectTimeoutMs: options.connectTimeoutMs,
    idleTimeoutMs: options.idleTimeoutMs,
    keepAliveMs: options.keepAliveMs,
  });
  checkPort(port, 1);
  checkPath(path);
  const url = urlOf(serverName, port, path);
  const tlsOptions = clientTlsOptions(options.ca, credentials);
  signal?.throwIfAborted();

  const peer: Peer = { host, port };
  const { promise, resolve, reject } = Promise.withResolvers<TransportConnection>();
  const socket = connect({
    ...tlsOptions,
    host,
    port,
    // An IP address is no name to ask a server for (RFC 6066 §3).
    servername: isIP(serverName) === 0 ? serverName : '',
    ALPNProtocols: ['http/1.1'],
    // Not left to the environment, which can turn it off.
    rejectUnauthorized: true,
    checkServerIdentity: (_host, certificate) => identifyServer(certificate.raw, serverName),
  });
  let connection: WebSocketConnection | undefined;
  const fail = (error: unknown): void => {
    reject(error);
    connection?.abandon();
    if (connection === undefined) socket.destroy();
  };
  // Once there is a connection, it looks after the socket's end itself.
  socket.on('error', (error) => fail(handshakeError(error, socket, peer)));
  socket.once('secureConnect', () => {
    const binding = channelBinding(socket);
    const shown = shownThumbprint(socket);
    upgrade(url, socket, peer, fail, (webSocket) => {
      connection = new WebSocketConnection({
        role: 'client',
        webSocket,
        socket,
        writer: new FrameWriter(),
        limits,
        clock,
        channelBinding: binding,
        clientThumbprint: shown,
        idleTimeoutMs: times.idleTimeoutMs,
        keepAliveMs: times.keepAliveMs,
        onOpen: resolve,
        onEnd: (_connection, info) => reject(endedError(info, peer)),
      });
      connection.start();
    });
  });

  const timer = clock.after(times.connectTimeoutMs, () => fail(unreachable(peer)));
  const onAbort = (): void => fail(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await promise;
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** Asks for the upgrade on a socket whose server is known. */
function upgrade(
  url: URL,
  socket: TLSSocket,
  peer: Peer,
  fail: (error: unknown) => void,
  onOpen: (webSocket: WebSocket) => void,
): void {
  const webSocket = new WebSocket(url, SUBPROTOCOL, {
    ...WEBSOCKET_OPTIONS,
    followRedirects: false,
    createConnection: () => socket,
  });
  webSocket.on('unexpected-response', (_request, response) => fail(refusedError(response.statusCode, peer)));
  webSocket.on('error', (error) => fail(handshakeError(error, socket, peer)));
  webSocket.once('open', () => onOpen(webSocket));
}

/** The URL of the endpoint, by the name that its certificate must have. */
function urlOf(serverName: string, port: number, path: string): URL {
  const url = `wss://${formatHost(serverName)}:${port}${path}`;
  if ((isIP(serverName) === 0 && !/^[\w.-]+$/.test(serverName)) || !URL.canParse(url)) {
    throw notUsable('serverName', 'is neither a DNS name nor an IP address');
  }
  return new URL(url);
}

/** The thumbprint of the certificate that this side showed. */
function shownThumbprint(socket: TLSSocket): Uint8Array | undefined {
  const certificate = socket.getX509Certificate();
  return certificate === undefined ? undefined : thumbprint(certificate);
}

/** Why the TLS handshake or the upgrade did not come about. */
function handshakeError(error: Error & { readonly code?: unknown }, socket: TLSSocket, peer: Peer): Error {
  if (isRtaError(error)) return error;
  const code = typeof error.code === 'string' ? error.code : undefined;
  const details = { ...peer, ...(code === undefined ? {} : { reason: code }) };
  // Set when TLS had nothing against the handshake but the certificate.
  if (socket.authorizationError !== undefined && socket.authorizationError !== null) {
    return transportError('RTA_TRANSPORT_CERTIFICATE', undefined, { details, cause: error });
  }
  // An error of the operating system, and not of TLS (`ERR_SSL_…`), HTTP (`HPE_…`) or the WebSocket library (none).
  if (code?.startsWith('E') === true && !code.startsWith('ERR_')) return unreachable(peer, undefined, error);
  return transportError('RTA_TRANSPORT_HANDSHAKE', 'the peers do not agree on TLS 1.3 and the WebSocket', {
    details,
    cause: error,
  });
}

/** The server answered the upgrade with something else. */
function refusedError(status: number | undefined, peer: Peer): Error {
  if (status === 503) return unreachable(peer, 'the server takes no more connections now');
  return transportError('RTA_TRANSPORT_HANDSHAKE', `the server answered the upgrade with ${status}`, {
    details: { ...peer, ...(status === undefined ? {} : { status }) },
  });
}

/** The connection ended before the server's first message was complete. */
function endedError(info: CloseInfo, peer: Peer): Error {
  if (info.by === 'transport' && info.code !== CLOSE_STATUS.abnormal) {
    return transportError('RTA_TRANSPORT_HANDSHAKE', `the WebSocket ended with ${info.code}`, {
      details: { ...peer, transportCode: info.code },
    });
  }
  return unreachable(peer);
}
