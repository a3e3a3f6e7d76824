import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** An address that leads to one Redis or another, as a virtual address does. */
export interface Switch extends AsyncDisposable {
  readonly url: string;
  /** Leads elsewhere from now on, and cuts the connections that there are. */
  lead(port: number): void;
}

/** Opens an address on the loopback interface that leads to a port. */
export async function startSwitch(port: number): Promise<Switch> {
  let target = port;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const server = createServer((socket) => {
    const onward = keep(connect(target, '127.0.0.1'));
    keep(socket).pipe(onward).pipe(socket);
    onward.once('close', () => socket.destroy());
    socket.once('close', () => onward.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new TypeError('expected an address');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `redis://127.0.0.1:${address.port}`,
    lead(to) {
      target = to;
      cut();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      cut();
      await once(server, 'close');
    },
  };
}
