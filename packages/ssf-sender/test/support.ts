import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createDeliveryAuthentication, type SetReceiver, type SetVerdict, serveSetDelivery } from '@rta/ssf';
import { createDeliveryDecoder, type DeliveryFrame, encodeDeliveryFrame } from '@rta/ssf/delivery';
import { createFakeClock } from '@rta/testkit';
import { createMemoryTransport, type TransportConnection, type TransportStream } from '@rta/transport';
import { expect, onTestFinished } from 'vitest';
import {
  createSetSender,
  type SenderDiagnostic,
  type SetOutbox,
  type SetSender,
  type SetSenderOptions,
} from '../src/index.ts';

export const ISSUER = 'https://idp.example';
export const AUTHORIZATION = 'Bearer secret';
const ACCEPTED: SetVerdict = { outcome: 'accepted', jti: 'any' };

/** A token that the receivers of these tests take; its `jti` is in its middle. */
export const setOf = (jti: string): string => `head.${jti}.sign`;

/** A sender in a network of its own, in which the test plays the receiver. */
export interface Stage {
  readonly sender: SetSender;
  readonly clock: ReturnType<typeof createFakeClock>;
  /** Every SET that arrived, as often as it did. */
  readonly arrived: string[];
  /** Connections that were made. */
  readonly connections: TransportConnection[];
  /** The receiver is there from now on. */
  listen(): void;
  /** It is not any more. */
  vanish(code: number): Promise<void>;
  send(...names: readonly string[]): Promise<PromiseSettledResult<void>[]>;
}

export interface StageOptions {
  readonly judge?: (jti: string) => Promise<SetVerdict> | SetVerdict;
  readonly sender?: Partial<SetSenderOptions>;
  /** Serves connections in the place of a real receiver. */
  readonly serve?: (connection: TransportConnection) => void;
  readonly protocol?: string;
}

export function stage(options: StageOptions = {}): Stage {
  const { judge = () => ACCEPTED, protocol = 'rta-ssf/1' } = options;
  const clock = createFakeClock();
  const network = createMemoryTransport({ protocol });
  const arrived: string[] = [];
  const connections: TransportConnection[] = [];
  const receive: SetReceiver['receive'] = async (set) => {
    const jti = String(set).split('.')[1] ?? '';
    arrived.push(jti);
    return judge(jti);
  };
  const authenticate = createDeliveryAuthentication([{ issuer: ISSUER, authorization: AUTHORIZATION }]);
  let listener: ReturnType<typeof network.listen> | undefined;
  const listen = (): void => {
    listener = network.listen((connection) => {
      connections.push(connection);
      if (options.serve !== undefined) options.serve(connection);
      else serveSetDelivery(connection, { receiver: { receive }, authenticate, clock });
    });
  };
  const sender = createSetSender({
    endpoint: 'rta.example:4433',
    issuer: ISSUER,
    authorization: AUTHORIZATION,
    clock,
    dial: () => network.connect(),
    ...options.sender,
  });
  return {
    sender,
    clock,
    arrived,
    connections,
    listen,
    vanish: async (code) => listener?.close(code),
    send: (...names) => Promise.allSettled(names.map((name) => sender.send(name, setOf(name)))),
  };
}

/** Lets what is on its way arrive. */
export async function turns(count = 10): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A receiver that does what a test says, frame by frame. */
export function scripted(
  onFrame: (frame: DeliveryFrame, say: (answer: DeliveryFrame) => void, stream: TransportStream) => void,
): (connection: TransportConnection) => void {
  return (connection) =>
    connection.onStream((stream) => {
      const decoder = createDeliveryDecoder(262_144);
      const say = (answer: DeliveryFrame): void => void stream.write(encodeDeliveryFrame(answer));
      stream.setHandlers({
        onData: (chunk) => decoder.push(chunk, (frame) => onFrame(frame, say, stream)),
        onEnd: () => stream.end(),
      });
    });
}

/** An outbox in memory that outlives its sender. */
export function memoryOutbox(): SetOutbox & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    put: async ({ jti, set }) => void kept.set(jti, set),
    remove: async (jti) => void kept.delete(jti),
    load: async () => [...kept].map(([jti, set]) => ({ jti, set })),
  };
}

/** What senders publish, until the test is over. */
export function facts(): SenderDiagnostic[] {
  const heard: SenderDiagnostic[] = [];
  const listener = (message: unknown): void => void heard.push(message as SenderDiagnostic);
  subscribe('rta:ssf-sender', listener);
  onTestFinished(() => void unsubscribe('rta:ssf-sender', listener));
  return heard;
}

/** Why a sender loses its connection the next time. */
export function nextLoss(): Promise<string> {
  return new Promise((resolve) => {
    const listener = (message: unknown): void => {
      const fact = message as SenderDiagnostic;
      if (fact.fact !== 'lost') return;
      unsubscribe('rta:ssf-sender', listener);
      resolve(fact.because);
    };
    subscribe('rta:ssf-sender', listener);
  });
}

/** How a promise that was kept has settled. */
export const fulfilled = { status: 'fulfilled', value: undefined };
/** How one has that was rejected with this code. */
export const rejectedWith = (code: string, details = {}): unknown => ({
  status: 'rejected',
  reason: expect.objectContaining({ code, details: expect.objectContaining(details) }),
});
