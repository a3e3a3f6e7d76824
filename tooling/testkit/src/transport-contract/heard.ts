import assert from 'node:assert/strict';
import { concatBytes } from '@rta/core';
import type { TransportConnection, TransportStream } from '@rta/transport';

/** What a stream told its owner. */
export interface Heard {
  readonly stream: TransportStream;
  /** Data, end, reset and writability, in the order in which they were told. */
  readonly events: readonly ('data' | 'end' | 'reset' | 'writable')[];
  readonly chunks: readonly Uint8Array[];
  readonly byteCount: number;
  readonly resetCodes: readonly number[];
  /** All bytes that arrived. */
  bytes(): Uint8Array;
  count(event: Heard['events'][number]): number;
  /** Resolves when the condition holds, which is looked at after every event. */
  until(condition: (heard: Heard) => boolean): Promise<void>;
}

/** Listens to a stream. `onEvent` is called after each event has been noted. */
export function listenTo(stream: TransportStream, onEvent?: (heard: Heard) => void): Heard {
  const events: Heard['events'][number][] = [];
  const chunks: Uint8Array[] = [];
  const resetCodes: number[] = [];
  let byteCount = 0;
  let waiters: { condition: (heard: Heard) => boolean; resolve: () => void }[] = [];
  const heard: Heard = {
    stream,
    events,
    chunks,
    resetCodes,
    get byteCount() {
      return byteCount;
    },
    bytes: () => concatBytes(...chunks),
    count: (event) => events.filter((one) => one === event).length,
    until: (condition) =>
      new Promise((resolve) => {
        if (condition(heard)) resolve();
        else waiters.push({ condition, resolve });
      }),
  };
  const note = (event: Heard['events'][number]): void => {
    events.push(event);
    onEvent?.(heard);
    waiters = waiters.filter(({ condition, resolve }) => {
      if (!condition(heard)) return true;
      resolve();
      return false;
    });
  };
  stream.setHandlers({
    onData: (chunk) => {
      chunks.push(chunk);
      byteCount += chunk.byteLength;
      note('data');
    },
    onEnd: () => note('end'),
    onReset: (code) => {
      resetCodes.push(code);
      note('reset');
    },
    onWritable: () => note('writable'),
  });
  return heard;
}

/** Hands out the streams that a peer opens, one by one, in order. */
export function acceptFrom(connection: TransportConnection): {
  next(): Promise<TransportStream>;
  seen: number;
} {
  const arrived: TransportStream[] = [];
  const waiting: ((stream: TransportStream) => void)[] = [];
  const accepted = {
    seen: 0,
    next: () =>
      new Promise<TransportStream>((resolve) => {
        const stream = arrived.shift();
        if (stream === undefined) waiting.push(resolve);
        else resolve(stream);
      }),
  };
  connection.onStream((stream) => {
    accepted.seen += 1;
    const resolve = waiting.shift();
    if (resolve === undefined) arrived.push(stream);
    else resolve(stream);
  });
  return accepted;
}

/** Both ends of a stream. */
export interface StreamEnds {
  readonly near: TransportStream;
  readonly far: TransportStream;
}

/** Opens a stream, shows it to the peer with one byte, and takes that byte out at the far end. */
export async function openEnds(
  near: TransportConnection,
  accepted: { next(): Promise<TransportStream> },
): Promise<StreamEnds> {
  const stream = near.openStream();
  stream.write(Uint8Array.of(0));
  const far = await accepted.next();
  const heard = listenTo(far);
  await heard.until(({ byteCount }) => byteCount === 1);
  return { near: stream, far };
}

/** Sends a byte each way on a stream: whatever was sent on other streams before has arrived, unless held back. */
export async function roundTrip({ near, far }: StreamEnds): Promise<void> {
  const there = listenTo(far);
  const back = listenTo(near);
  near.write(Uint8Array.of(1));
  await there.until(({ byteCount }) => byteCount === 1);
  far.write(Uint8Array.of(2));
  await back.until(({ byteCount }) => byteCount === 1);
}

/** Bytes that tell where in a stream they are, and in which: a loss, a swap or a mix shows. */
export function pattern(byteLength: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  let state = (seed * 0x9e3779b1 + 1) >>> 0;
  for (let i = 0; i < byteLength; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Compares byte by byte, without printing megabytes. */
export function assertSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.byteLength, expected.byteLength, 'length');
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  assert.equal(at, -1, `the bytes differ from ${at} on`);
}
