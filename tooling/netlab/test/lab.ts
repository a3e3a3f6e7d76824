import type { ChildProcess } from 'node:child_process';
import { createNetlab, type Netlab, netlabAvailability } from '../src/index.ts';
import type { ClientOrder } from './echo-client.ts';

const availability = netlabAvailability();

/** Whether tests that need a laboratory can run here. */
export const CAN_RUN = availability.available;

/** A title that says why its tests did not run. */
export function titled(title: string): string {
  return availability.available
    ? title
    : `${title} [not run: ${availability.because}; ${availability.install}]`;
}

/** A laboratory with an echo at its server side and somebody who uses it at its client side. */
export interface EchoLab extends AsyncDisposable {
  readonly lab: Netlab;
  /** Has the client do something; rejects where it ends. */
  client(order: ClientOrder): Promise<readonly string[]>;
  /** Has the server send an unasked datagram to `ADDRESS:PORT`. */
  serverSendsTo(address: string): void;
  /** Opens the socket, sends texts from it, and gives back what is echoed. */
  exchange(socket: string, texts: readonly string[]): Promise<readonly string[]>;
}

/** Opens such a laboratory. */
export async function openEchoLab(seed: string): Promise<EchoLab> {
  const lab = await createNetlab({ seed });
  const server = lab.run('server', new URL('./echo-server.ts', import.meta.url));
  const client = lab.run('client', new URL('./echo-client.ts', import.meta.url));
  await Promise.all([messageOf(server), messageOf(client)]);

  const order = async (told: ClientOrder): Promise<readonly string[]> => {
    const answer = messageOf(client);
    client.send(told);
    return (await answer) as readonly string[];
  };
  return {
    lab,
    client: order,
    serverSendsTo: (address) => server.send(address),
    async exchange(socket, texts) {
      await order({ order: 'send', socket, to: lab.serverAddress, texts });
      return order({ order: 'receive', socket, count: texts.length });
    },
    [Symbol.asyncDispose]: () => lab.close(),
  };
}

/** The next message of a child; rejects where it ends before that. */
export function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void =>
      reject(new Error(`the child has ended with ${String(code)}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}

/** `0` to `count - 1`, as texts. */
export function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => String(n));
}
