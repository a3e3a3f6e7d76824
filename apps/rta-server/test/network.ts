import { randomInt } from 'node:crypto';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';

const HOST = '127.0.0.1';

/** A network between agents and a server that listens on one port for UDP and TCP. */
export interface Network extends AsyncDisposable {
  /** Where agents connect to. */
  readonly endpoint: string;
  /** Lets UDP pass, or drops it; it is dropped at first. */
  letUdpPass(passes: boolean): void;
  /** The next datagram that an agent sends, whether it passes or not. */
  nextDatagram(): Promise<void>;
}

/** Puts a network in front of a port of this machine. */
export async function startNetwork(serverPort: number): Promise<Network> {
  const tcpSockets = new Set<Socket>();
  const tcp = createServer((client) => {
    const server = connectTcp(serverPort, HOST);
    for (const socket of [client, server]) {
      tcpSockets.add(socket);
      socket.on('close', () => tcpSockets.delete(socket));
      // One side that breaks takes the other with it.
      socket.on('error', () => undefined);
    }
    client.pipe(server).pipe(client);
  });
  const { port, outside } = await openBoth(tcp);
  const inside = new Map<number, UdpSocket>();
  let passes = false;
  outside.on('message', (datagram, { port: client }) => {
    if (!passes) return;
    let socket = inside.get(client);
    if (socket === undefined) {
      socket = createSocket('udp4');
      socket.on('message', (answer) => {
        if (passes) outside.send(answer, client, HOST);
      });
      inside.set(client, socket);
    }
    socket.send(datagram, serverPort, HOST);
  });

  return {
    endpoint: `${HOST}:${port}`,
    letUdpPass(chosen) {
      passes = chosen;
    },
    async nextDatagram() {
      await once(outside, 'message');
    },
    async [Symbol.asyncDispose]() {
      for (const socket of tcpSockets) socket.destroy();
      for (const socket of [outside, ...inside.values()]) socket.close();
      tcp.close();
      await once(tcp, 'close');
    },
  };
}

/** Opens a TCP and a UDP port with one number, below those that the system gives to whoever asks for any. */
async function openBoth(tcp: Server): Promise<{ readonly port: number; readonly outside: UdpSocket }> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const outside = createSocket('udp4');
    try {
      outside.bind(port, HOST);
      await once(outside, 'listening');
      tcp.listen(port, HOST);
      await once(tcp, 'listening');
      return { port, outside };
    } catch (error) {
      outside.close();
      if ((error as { code?: unknown }).code !== 'EADDRINUSE') throw error;
    }
  }
}
