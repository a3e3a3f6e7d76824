import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A network between clients and a server, that a case can look into and change. */
export interface Network extends AsyncDisposable {
  /** Where the client finds the server. */
  readonly port: number;
  /** Retry packets that the server sent. */
  retries(): number;
  /** Loses what the client sends once it has been answered, until `carry`. */
  loseSecondFlight(): void;
  /** Loses nothing any more. */
  carry(): void;
  /** Leads to another server from now on. */
  leadTo(port: number): void;
  /** Shows the server other ports of its clients from now on, as a NAT does that forgot those before. */
  forget(): void;
}

const HOST = '127.0.0.1';

/** Set in the first byte of the packets of a handshake (RFC 8999 §5.1). */
const LONG_HEADER = 0x80;

/** The type of a version 1 packet with a long header, and what it is for a Retry packet (RFC 9000 §17.2). */
const LONG_TYPE_MASK = 0xf0;
const RETRY = 0xf0;

/** Opens a network that leads to the server on this port. */
export async function openNetwork(port: number): Promise<Network> {
  let server = port;
  let retries = 0;
  let isLosing = false;
  let isAnswered = false;
  const outside = createSocket('udp4');
  /** Where the server sees each port of the clients. */
  const inside = new Map<number, Socket>();

  /** A port of the network's for a port of a client's. */
  const translate = (client: number): Socket => {
    const socket = createSocket('udp4');
    socket.on('message', (datagram) => {
      const first = datagram[0] ?? 0;
      // Of a connection before this one there may be packets with short headers on the way.
      isAnswered ||= (first & LONG_HEADER) !== 0;
      if ((first & LONG_TYPE_MASK) === RETRY) retries += 1;
      outside.send(datagram, client, HOST);
    });
    inside.set(client, socket);
    return socket;
  };
  outside.on('message', (datagram, from) => {
    if (isLosing && isAnswered) return;
    const socket = inside.get(from.port) ?? translate(from.port);
    socket.send(datagram, server, HOST);
  });
  outside.bind(0, HOST);
  await once(outside, 'listening');

  const forget = (): void => {
    for (const socket of inside.values()) socket.close();
    inside.clear();
  };
  return {
    port: outside.address().port,
    retries: () => retries,
    loseSecondFlight: () => {
      isLosing = true;
      isAnswered = false;
    },
    carry: () => {
      isLosing = false;
    },
    leadTo: (other) => {
      server = other;
    },
    forget,
    [Symbol.asyncDispose]: async () => {
      forget();
      const closed = once(outside, 'close');
      outside.close();
      await closed;
    },
  };
}
