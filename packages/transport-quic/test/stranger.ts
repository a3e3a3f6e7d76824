import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { dialQuic } from '../src/index.ts';
import { pki } from './support.ts';

/** A socket of somebody who speaks for himself, until the test ends. */
export async function openSocket(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return socket;
}

/** First datagrams of genuine clients, each of another. */
export async function captureHellos(count: number): Promise<Buffer[]> {
  const silent = await openSocket();
  const { port } = silent.address();
  const hellos: Buffer[] = [];
  for (let index = 0; index < count; index++) {
    const controller = new AbortController();
    const dialing = dialQuic({ host: '127.0.0.1', port, ca: pki.caCertPem, signal: controller.signal });
    const [hello] = (await once(silent, 'message')) as [Buffer];
    controller.abort();
    await dialing.catch(() => {});
    hellos.push(hello);
  }
  return hellos;
}
