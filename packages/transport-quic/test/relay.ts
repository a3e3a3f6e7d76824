import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** Who sent a datagram. */
export type Side = 'client' | 'server';

/** A network between a client and a server, with a NAT in it, that a test can disturb. */
export interface Relay {
  /** Where the client connects to. */
  readonly port: number;
  /** Datagrams that came from the client. */
  fromClient(): number;
  /** Ports that the client has sent from. */
  clientPorts(): number;
  /** Resolves when the client sends from a port that it has not sent from before. */
  nextClientPort(): Promise<void>;
  /**
   * Decides which datagrams pass, from now on; all do at first. Counts each side's datagrams from 0, and the client's
   * ports from 0 in the order in which they were first seen.
   */
  filter(passes: (datagram: Buffer, from: Side, index: number, clientPort: number) => boolean): void;
  /** Lets every datagram pass when and as often as the test likes, from now on. Counts over both sides, from 0. */
  shape(deal: (pass: () => void, index: number) => void): void;
  /** Sends the server a datagram as if it came from the client. */
  toServer(datagram: Buffer): void;
  /** Sends the client a datagram as if it came from the server. */
  toClient(datagram: Buffer): void;
  /** The NAT forgets what it knows: the client gets another address, and what is for the old one is lost. */
  rebind(): void;
  /** Lets nothing pass any more. */
  swallow(): void;
  /** The next datagram of the client. */
  next(): Promise<Buffer>;
  /** Resolves when nothing has passed for some turns of the event loop. */
  quiet(): Promise<void>;
  close(): void;
}

const everything = (): boolean => true;
const atOnce = (pass: () => void): void => pass();

/** Relays datagrams to a server on the loopback interface. */
export async function relay(port: number): Promise<Relay> {
  const outside = createSocket('udp4');
  /** By the client's port: the socket that the server sees in its place. */
  let insides = new Map<number, Socket>();
  const clientPorts: number[] = [];
  let passes: (datagram: Buffer, from: Side, index: number, clientPort: number) => boolean = everything;
  let deal: (pass: () => void, index: number) => void = atOnce;
  let dealt = 0;
  let client = 0;
  let counts = { client: 0, server: 0 };
  let total = 0;
  let fromClient = 0;
  let isClosed = false;
  let newClientPort = Promise.withResolvers<void>();

  function inside(of: number): Socket {
    const known = insides.get(of);
    if (known !== undefined) return known;
    const socket = createSocket('udp4');
    insides.set(of, socket);
    socket.on('message', (datagram) => {
      if (insides.get(of) !== socket) return;
      total += 1;
      if (passes(datagram, 'server', counts.server++, clientPorts.indexOf(of)))
        deal(() => isClosed || outside.send(datagram, of, '127.0.0.1'), dealt++);
    });
    return socket;
  }

  outside.on('message', (datagram, { port: from }) => {
    client = from;
    if (!clientPorts.includes(from)) {
      clientPorts.push(from);
      newClientPort.resolve();
      newClientPort = Promise.withResolvers();
    }
    total += 1;
    fromClient += 1;
    if (passes(datagram, 'client', counts.client++, clientPorts.indexOf(from)))
      deal(() => isClosed || inside(from).send(datagram, port, '127.0.0.1'), dealt++);
  });
  outside.bind(0, '127.0.0.1');
  await once(outside, 'listening');
  const closeInsides = (): void => {
    for (const socket of insides.values()) socket.close();
    insides = new Map();
  };
  return {
    port: outside.address().port,
    fromClient: () => fromClient,
    clientPorts: () => clientPorts.length,
    nextClientPort: () => newClientPort.promise,
    filter: (chosen) => {
      passes = chosen;
      counts = { client: 0, server: 0 };
    },
    shape: (chosen) => {
      deal = chosen;
      dealt = 0;
    },
    toServer: (datagram) => inside(client).send(datagram, port, '127.0.0.1'),
    toClient: (datagram) => outside.send(datagram, client, '127.0.0.1'),
    rebind: closeInsides,
    swallow: () => {
      passes = () => false;
    },
    next: async () => {
      const [datagram] = (await once(outside, 'message')) as [Buffer];
      return datagram;
    },
    quiet: async () => {
      for (let seen = -1; seen !== total; ) {
        seen = total;
        for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    close: () => {
      isClosed = true;
      closeInsides();
      outside.close();
    },
  };
}
