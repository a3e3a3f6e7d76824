import type { TransportConnection, TransportStream } from '@rta/transport';
import { Mailbox } from './mailbox.ts';

/** Answers every stream that the peer opens with what it brings. */
export function echo(connection: TransportConnection): void {
  connection.onStream((stream) => {
    stream.setHandlers({
      onData: (chunk) => {
        if (!stream.write(chunk)) stream.pause();
      },
      onWritable: () => stream.resume(),
      onEnd: () => stream.end(),
    });
  });
}

/** Answers every stream that the peer opens when it has ended, and not before. */
export function echoAtEnd(connection: TransportConnection): void {
  connection.onStream((stream) => {
    const chunks: Uint8Array[] = [];
    stream.setHandlers({
      onData: (chunk) => void chunks.push(chunk),
      onEnd: () => {
        stream.write(Buffer.concat(chunks));
        stream.end();
      },
    });
  });
}

/** Answers as `echo` does, and gives the codes of the streams that the peer breaks off. */
export function echoUntilBroken(connection: TransportConnection): Mailbox<number> {
  const codes = new Mailbox<number>();
  connection.onStream((stream) => {
    stream.setHandlers({
      onData: (chunk) => void stream.write(chunk),
      onReset: (code) => codes.put(code),
    });
  });
  return codes;
}

/** A stream on which something is said now and then, and answered. */
export interface Talk {
  readonly stream: TransportStream;
  /** Says a text and waits for an answer of the same length; rejects where the stream breaks off. */
  say(text: string): Promise<string>;
}

/** Opens a stream to talk on. */
export function openTalk(connection: TransportConnection): Talk {
  const stream = connection.openStream();
  let heard = '';
  let check: (() => void) | undefined;
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => {});
  stream.setHandlers({
    onData: (chunk) => {
      heard += Buffer.from(chunk).toString();
      check?.();
    },
    onReset: (code) => broken.reject(new Error(`the stream broke off with ${code}`)),
  });
  return {
    stream,
    say: (text) => {
      const answered = new Promise<string>((resolve) => {
        check = () => {
          if (heard.length < text.length) return;
          resolve(heard.slice(0, text.length));
          heard = heard.slice(text.length);
        };
      });
      stream.write(Buffer.from(text));
      return Promise.race([answered, broken.promise]);
    },
  };
}

/**
 * Sends so many bytes on so many streams at once, ends them, and reads the answers to their ends.
 *
 * @returns on how many came back what was sent.
 */
export async function exchange(
  connection: TransportConnection,
  { count, bytes }: { readonly count: number; readonly bytes: number },
): Promise<number> {
  const questions = Array.from({ length: count }, (_, stream) =>
    Buffer.from(Uint8Array.from({ length: bytes }, (_, index) => index + stream)),
  );
  const streams = questions.map(() => connection.openStream());
  const answers = await Promise.all(
    streams.map((stream, index) => bringsBack(stream, questions[index] ?? Buffer.of())),
  );
  return answers.filter(Boolean).length;
}

function bringsBack(stream: TransportStream, question: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    stream.setHandlers({
      onData: (chunk) => void chunks.push(chunk),
      onEnd: () => resolve(question.equals(Buffer.concat(chunks))),
      onReset: () => resolve(false),
    });
    stream.write(question);
    stream.end();
  });
}
