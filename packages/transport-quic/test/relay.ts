import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Who sent a datagram. */
export type Side = 'client' | 'server';

/** A network between one client and one server, that a test can disturb. */
export interface Relay {
  /** Where the client connects to. */
  readonly port: number;
  /** Datagrams that came from the client. */
  fromClient(): number;
  /** Decides which datagrams pass, from now on; all do at first. Counts each side's datagrams from 0. */
  filter(passes: (datagram: Buffer, from: Side, index: number) => boolean): void;
  /** Lets every datagram pass when and as often as the test likes, from now on. Counts over both sides, from 0. */
  shape(deal: (pass: () => void, index: number) => void): void;
  /** Sends the server a datagram as if it came from the client. */
  toServer(datagram: Buffer): void;
  /** Sends the client a datagram as if it came from the server. */
  toClient(datagram: Buffer): void;
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
  const inside = createSocket('udp4');
  const outside = createSocket('udp4');
  let passes: (datagram: Buffer, from: Side, index: number) => boolean = everything;
  let deal: (pass: () => void, index: number) => void = atOnce;
  let dealt = 0;
  let client = 0;
  let counts = { client: 0, server: 0 };
  let total = 0;
  let fromClient = 0;
  outside.on('message', (datagram, { port: from }) => {
    client = from;
    total += 1;
    fromClient += 1;
    if (passes(datagram, 'client', counts.client++))
      deal(() => inside.send(datagram, port, '127.0.0.1'), dealt++);
  });
  inside.on('message', (datagram) => {
    total += 1;
    if (passes(datagram, 'server', counts.server++))
      deal(() => outside.send(datagram, client, '127.0.0.1'), dealt++);
  });
  outside.bind(0, '127.0.0.1');
  await once(outside, 'listening');
  return {
    port: outside.address().port,
    fromClient: () => fromClient,
    filter: (chosen) => {
      passes = chosen;
      counts = { client: 0, server: 0 };
    },
    shape: (chosen) => {
      deal = chosen;
      dealt = 0;
    },
    toServer: (datagram) => inside.send(datagram, port, '127.0.0.1'),
    toClient: (datagram) => outside.send(datagram, client, '127.0.0.1'),
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
      inside.close();
      outside.close();
    },
  };
}
