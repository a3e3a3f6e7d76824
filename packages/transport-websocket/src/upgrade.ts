import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ClientAuthentication } from '@rta/transport';
import type { WebSocketRefusal } from './diagnostics.ts';
import { thumbprint } from './tls.ts';
import { SUBPROTOCOL } from './web-socket.ts';

/** How a request for an upgrade is turned away. */
export interface UpgradeRefusal {
  readonly because: WebSocketRefusal;
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a client asks for that is not there. */
const NOT_HERE: UpgradeRefusal = { because: 'path', status: 404, text: 'There is nothing here.\n' };
/** RFC 9110 §15.5.22 and RFC 6455 §4.4. */
const UPGRADE_REQUIRED: UpgradeRefusal = {
  because: 'upgrade',
  status: 426,
  text: 'This endpoint speaks WebSocket, version 13.\n',
  headers: { upgrade: 'websocket', 'sec-websocket-version': '13' },
};
/** A request that the WebSocket library does not take. */
export const MALFORMED: UpgradeRefusal = {
  because: 'upgrade',
  status: 400,
  text: 'This is no opening handshake of RFC 6455.\n',
};

/**
 * Judges a request for an upgrade; what is left to the WebSocket library is the form of its key.
 *
 * @returns how to refuse it, or undefined.
 */
export function judgeUpgrade(request: IncomingMessage, path: string): UpgradeRefusal | undefined {
  if (request.url !== path) return NOT_HERE;
  const { headers } = request;
  if (headers.upgrade?.toLowerCase() !== 'websocket' || headers['sec-websocket-version'] !== '13') {
    return UPGRADE_REQUIRED;
  }
  // Browsers let any page open a WebSocket to any host, with the certificate that the user's browser holds (RFC 6455
  // §10.2). An agent is no browser, and sends no Origin.
  if (headers.origin !== undefined) {
    return { because: 'origin', status: 403, text: 'Pages of a browser are not served here.\n' };
  }
  const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim());
  if (offered?.includes(SUBPROTOCOL) !== true) {
    return { because: 'subprotocol', status: 400, text: `The subprotocol is ${SUBPROTOCOL}.\n` };
  }
  return undefined;
}

/**
 * Judges who asks: the thumbprint of the certificate that the client showed, undefined where it need show none and did
 * not, or how to refuse it.
 */
export function judgeClient(
  socket: TLSSocket,
  clients: ClientAuthentication | undefined,
): Uint8Array | UpgradeRefusal | undefined {
  if (clients === undefined) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    if (clients.required !== true) return undefined;
  } else if (socket.authorized) {
    return thumbprint(certificate);
  }
  return {
    because: 'client-certificate',
    status: 403,
    text: 'A client certificate of an authority that is trusted here is required.\n',
  };
}

/** Answers a request that asks for no upgrade; returns why it is no good. */
export function answerPlainRequest(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): WebSocketRefusal {
  const refusal = request.url === path ? UPGRADE_REQUIRED : NOT_HERE;
  response.writeHead(refusal.status, headersOf(refusal));
  response.end(refusal.text);
  return refusal.because;
}

/** Answers a request for an upgrade with a refusal, and closes. */
export function refuseUpgrade(socket: Duplex, refusal: UpgradeRefusal): void {
  const lines = Object.entries(headersOf(refusal)).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n${lines.join('')}\r\n${refusal.text}`,
  );
}

function headersOf({ text, headers }: UpgradeRefusal): Record<string, string> {
  return {
    connection: headers === undefined ? 'close' : 'close, upgrade',
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    ...headers,
  };
}
