import type { TransportConnection, TransportStream } from '@rta/transport';

/** Large enough that a thousand of them take many packets. */
const REQUEST_BYTES = 1_024;

/** How often each of the numbered requests was answered, once the server has ended all streams. */
export type Answers = readonly number[];

/** Requests on their way. */
export interface Requests {
  /** The first answer has come. */
  readonly begun: Promise<void>;
  readonly answers: Promise<Answers>;
}

/** Sends numbered requests over a few streams, all at once, and counts the answers. */
export function sendRequests(connection: TransportConnection, count: number, streamCount = 4): Requests {
  const answered = Array.from({ length: count }, () => 0);
  const begun = Promise.withResolvers<void>();
  const streams = Array.from({ length: streamCount }, () => connection.openStream());
  const ended = streams.map(
    (stream) =>
      new Promise<void>((resolve, reject) => {
        const read = framed((number) => {
          answered[number] = (answered[number] ?? 0) + 1;
          begun.resolve();
        });
        stream.setHandlers({
          onData: read,
          onEnd: resolve,
          onReset: (code) => reject(new Error(`reset with ${code}`)),
        });
      }),
  );
  for (let number = 0; number < count; number++) {
    const request = Buffer.alloc(REQUEST_BYTES, 0xaa);
    request.writeUInt32BE(number, 0);
    streams[number % streamCount]?.write(request);
  }
  for (const stream of streams) stream.end();
  return { begun: begun.promise, answers: Promise.all(ended).then(() => answered) };
}

/** Answers each request when the gate opens. */
export function answerRequests(
  connection: TransportConnection,
  gate: Promise<void> = Promise.resolve(),
): void {
  connection.onStream((stream: TransportStream) => {
    let isEnded = false;
    const waiting: number[] = [];
    const answer = (): void => {
      for (const number of waiting.splice(0)) {
        const bytes = Buffer.alloc(REQUEST_BYTES, 0xbb);
        bytes.writeUInt32BE(number, 0);
        stream.write(bytes);
      }
      if (isEnded) stream.end();
    };
    let isOpen = false;
    void gate.then(() => {
      isOpen = true;
      answer();
    });
    const read = framed((number) => waiting.push(number));
    stream.setHandlers({
      onData: (chunk) => {
        read(chunk);
        if (isOpen) answer();
      },
      onEnd: () => {
        isEnded = true;
        if (isOpen) answer();
      },
    });
  });
}

/** Cuts a stream into requests or answers, and tells their numbers. */
function framed(onNumber: (number: number) => void): (chunk: Uint8Array) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (; rest.byteLength >= REQUEST_BYTES; rest = rest.subarray(REQUEST_BYTES))
      onNumber(rest.readUInt32BE(0));
  };
}
