import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createConnection, type Socket as TcpSocket } from 'node:net';

/** What the client is told to do, one thing at a time; it answers each with a list of texts. */
export type ClientOrder =
  /** Opens a UDP socket at an address, or at any; answers nothing. */
  | { readonly order: 'open'; readonly socket: string; readonly address?: string }
  /** Sends datagrams; answers nothing. */
  | {
      readonly order: 'send';
      readonly socket: string;
      readonly to: string;
      readonly texts: readonly string[];
    }
  /** Answers with the next datagrams that have come, once there are so many. */
  | { readonly order: 'receive'; readonly socket: string; readonly count: number }
  /** Opens a TCP connection that stays; answers nothing. */
  | { readonly order: 'connect'; readonly to: string }
  /** Writes to that connection, and answers with the first that comes back, or with the code of the error. */
  | { readonly order: 'write'; readonly text: string }
  /** Echoes so many bytes over another connection; answers `echoed` where they come back as they were. */
  | { readonly order: 'echo'; readonly to: string; readonly bytes: number };

interface Received {
  readonly socket: UdpSocket;
  readonly texts: string[];
  heard(): void;
}

const sockets = new Map<string, Received>();
let connection: TcpSocket | undefined;

function socketNamed(name: string): Received {
  const found = sockets.get(name);
  if (found === undefined) throw new TypeError(`there is no socket ${name}`);
  return found;
}

async function open(name: string, address: string | undefined): Promise<string[]> {
  const socket = createSocket('udp4');
  const received: Received = { socket, texts: [], heard: () => undefined };
  socket.on('message', (message) => {
    received.texts.push(message.toString());
    received.heard();
  });
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  sockets.set(name, received);
  return [];
}

async function send(name: string, to: string, texts: readonly string[]): Promise<string[]> {
  const { socket } = socketNamed(name);
  for (const text of texts) await new Promise((resolve) => socket.send(text, 7, to, resolve));
  return [];
}

async function receive(name: string, count: number): Promise<string[]> {
  const received = socketNamed(name);
  while (received.texts.length < count) {
    await new Promise<void>((resolve) => {
      received.heard = resolve;
    });
  }
  return received.texts.splice(0, count);
}

function connect(to: string): Promise<string[]> {
  return new Promise((resolve) => {
    connection = createConnection({ port: 7, host: to }, () => resolve([]));
  });
}

function write(text: string): Promise<string[]> {
  return new Promise((resolve) => {
    connection?.once('data', (chunk) => resolve([chunk.toString()]));
    connection?.once('error', (error: NodeJS.ErrnoException) => resolve([String(error.code)]));
    connection?.write(text);
  });
}

function echo(to: string, bytes: number): Promise<string[]> {
  const sent = Buffer.alloc(bytes, 'a laboratory');
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port: 7, host: to });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => resolve([Buffer.concat(chunks).equals(sent) ? 'echoed' : 'changed']));
    socket.end(sent);
  });
}

function obey(told: ClientOrder): Promise<string[]> {
  switch (told.order) {
    case 'open':
      return open(told.socket, told.address);
    case 'send':
      return send(told.socket, told.to, told.texts);
    case 'receive':
      return receive(told.socket, told.count);
    case 'connect':
      return connect(told.to);
    case 'write':
      return write(told.text);
    case 'echo':
      return echo(told.to, told.bytes);
  }
}

// What fails here ends the process, and the test hears of that.
process.on('message', (told: ClientOrder) => void obey(told).then((answer) => process.send?.(answer)));
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
