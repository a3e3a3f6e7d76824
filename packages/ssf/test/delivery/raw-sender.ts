import { createFakeClock } from '@rta/testkit';
import {
  type CloseInfo,
  createMemoryTransportPair,
  type TransportConnection,
  type TransportLimits,
  type TransportStream,
} from '@rta/transport';
import { createDeliveryDecoder, type DeliveryFrame, encodeDeliveryFrame } from '../../src/delivery.ts';
import {
  createDeliveryAuthentication,
  type DeliveryLimits,
  type SetDelivery,
  type SetDeliveryOptions,
  type SetReceiver,
  type SetVerdict,
  serveSetDelivery,
} from '../../src/index.ts';

export const ISSUER = 'https://idp.example';
const AUTHORIZATION = 'Bearer secret';

/** Says what becomes of a SET. */
export type Judge = SetReceiver['receive'];

/** What a judge says of what it takes; the answer goes by the name that the SET came under. */
export const ACCEPTED: SetVerdict = { outcome: 'accepted', jti: 'any' };

/** A stream on which a test says what it likes. */
export interface RawStream {
  readonly stream: TransportStream;
  readonly frames: DeliveryFrame[];
  /** How the stream ended, once it has. */
  readonly over: Promise<'ended' | 'reset'>;
  send(frame: DeliveryFrame): boolean;
  open(changes?: Partial<Extract<DeliveryFrame, { kind: 'open' }>>): void;
  /** Waits until so many frames have come. */
  until(count: number): Promise<readonly DeliveryFrame[]>;
  /** Says who it is, and waits for the answer. */
  opened(): Promise<void>;
}

/** A connection of a sender to a receiver. */
export interface RawSender {
  readonly client: TransportConnection;
  readonly delivery: SetDelivery;
  readonly clock: ReturnType<typeof createFakeClock>;
  readonly closed: Promise<CloseInfo>;
  /** What the judge was asked. */
  readonly asked: string[];
  stream(): RawStream;
}

/** Connects a sender to a receiver within the process. */
export function connect(
  options: {
    readonly judge?: Judge;
    readonly authenticate?: SetDeliveryOptions['authenticate'];
    readonly limits?: Partial<DeliveryLimits>;
    readonly protocol?: string;
    readonly transport?: Partial<TransportLimits>;
    readonly wrap?: (server: TransportConnection) => TransportConnection;
  } = {},
): RawSender {
  const { judge = async () => ACCEPTED, protocol = 'rta-ssf/1' } = options;
  const { client, server } = createMemoryTransportPair({ protocol, ...options.transport });
  const clock = createFakeClock();
  const asked: string[] = [];
  const delivery = serveSetDelivery(options.wrap?.(server) ?? server, {
    receiver: {
      receive(set, via) {
        asked.push(String(set));
        return judge(set, via);
      },
    },
    authenticate:
      options.authenticate ??
      createDeliveryAuthentication([{ issuer: ISSUER, authorization: AUTHORIZATION, streamId: 's1' }]),
    clock,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  return { client, delivery, clock, closed: client.closed, asked, stream: () => rawStream(client) };
}

function rawStream(client: TransportConnection): RawStream {
  const stream = client.openStream();
  const frames: DeliveryFrame[] = [];
  const decoder = createDeliveryDecoder(262_144);
  const over = Promise.withResolvers<'ended' | 'reset'>();
  const waiting = new Map<number, () => void>();
  stream.setHandlers({
    onData: (chunk) =>
      decoder.push(chunk, (frame) => {
        frames.push(frame);
        waiting.get(frames.length)?.();
      }),
    onEnd: () => over.resolve('ended'),
    onReset: () => over.resolve('reset'),
  });
  const raw: RawStream = {
    stream,
    frames,
    over: over.promise,
    send: (frame) => stream.write(encodeDeliveryFrame(frame)),
    open: (changes = {}) =>
      void raw.send({ kind: 'open', issuer: ISSUER, authorization: AUTHORIZATION, ...changes }),
    async until(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(count, resolve);
      if (frames.length < count) await promise;
      return frames;
    },
    async opened() {
      raw.open();
      await raw.until(1);
    },
  };
  return raw;
}

/** Lets what is on its way arrive. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A frame of SETs that are named like this. */
export function sets(...names: readonly string[]): DeliveryFrame {
  return { kind: 'sets', sets: new Map(names.map((name) => [name, `set-${name}`])) };
}

/** All that was answered, in whatever groups. */
export function answered(frames: readonly DeliveryFrame[]): {
  acks: string[];
  errors: Record<string, string>;
} {
  const acks: string[] = [];
  const errors: Record<string, string> = {};
  for (const frame of frames) {
    if (frame.kind !== 'answer') continue;
    acks.push(...frame.ack);
    for (const [jti, { err }] of frame.setErrs) errors[jti] = err;
  }
  return { acks, errors };
}
