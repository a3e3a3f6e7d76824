import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createDevPki } from '@rta/devkit';
import { decodeMessage, FRAME, type Frame } from '@rta/protocol';
import type { TransportConnection } from '@rta/transport';
import { type ListenQuicOptions, listenQuic } from '@rta/transport-quic';
import { listenWebSocket } from '@rta/transport-websocket';
import { type Answer, boundTo, type ScriptedPeer, scriptPeer } from './scripted-peer.ts';

const HOST = '127.0.0.1';

/** The authority of the server. */
const pki = await createDevPki();
export const ca = pki.caCertPem;
const { certPem: cert, keyPem: key } = await pki.issueServerCertificate({
  names: ['localhost'],
  ips: [HOST],
});

/** An authority that issued nothing. */
export const otherCa = (await createDevPki()).caCertPem;

/** A port of this machine, on which a scripted server can be had over QUIC, over WebSocket, or not at all. */
export interface ScriptedPort extends AsyncDisposable {
  readonly port: number;
  /** `host:port`. */
  readonly endpoint: string;
  /** Connections that came, newest last. */
  readonly peers: ScriptedPeer[];
  /** Frames that came while their connection was early. */
  readonly early: Frame[];
  /** Listens for UDP, as QUIC. Until then nothing does, and the machine says so to whoever sends. */
  listenQuic(options?: Partial<ListenQuicOptions>): Promise<AsyncDisposable>;
  /** Listens for UDP, and answers nothing. */
  swallowUdp(): Promise<Swallower>;
  /** Stops listening for WebSocket. */
  closeWebSocket(): Promise<void>;
}

/** A network that drops what is sent over UDP. */
export interface Swallower extends AsyncDisposable {
  /** Resolves with the first datagram. */
  readonly first: Promise<unknown>;
}

/** Opens a port for WebSocket. Sessions are bound, and all is permitted. */
export async function openScriptedPort(): Promise<ScriptedPort> {
  const peers: ScriptedPeer[] = [];
  const early: Frame[] = [];
  const stack = new AsyncDisposableStack();

  const onConnection = (connection: TransportConnection): void => {
    const peer = scriptPeer(connection);
    peer.answerWith((frame) => {
      if (connection.isEarly) early.push(frame);
      return bindAtOnce(frame);
    });
    peer.decide((frame) => {
      if (connection.isEarly) early.push(frame);
      return { effect: 'permit', cause: 'policy', generation: 1 };
    });
    peers.push(peer);
  };

  // Below the ports that the system gives to whoever asks for any: nobody takes that of UDP meanwhile.
  const anyPort = randomInt(20_000, 32_000);
  const webSocket = stack.use(await listenWebSocket({ host: HOST, port: anyPort, cert, key, onConnection }));
  const { port } = webSocket.address;
  return {
    port,
    endpoint: `${HOST}:${port}`,
    peers,
    early,
    listenQuic: async (options = {}) =>
      stack.use(await listenQuic({ host: HOST, port, cert, key, onConnection, ...options })),
    async swallowUdp() {
      const socket = createSocket('udp4');
      socket.bind(port, HOST);
      await once(socket, 'listening');
      let isOpen = true;
      const swallower = {
        first: once(socket, 'message'),
        async [Symbol.asyncDispose]() {
          if (!isOpen) return;
          isOpen = false;
          const closed = once(socket, 'close');
          socket.close();
          await closed;
        },
      };
      return stack.use(swallower);
    },
    closeWebSocket: () => webSocket.close(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function bindAtOnce(frame: Frame): Answer | undefined {
  if (frame.type === FRAME.bind) return { bound: boundTo(decodeMessage('bind', frame).session) };
  return frame.type === FRAME.resume ? { bound: boundTo(decodeMessage('resume', frame).session) } : undefined;
}
