import { SendQueue, TRANSPORT_LIMITS } from '@rta/transport';
import { type FrameHandler, readFrames } from '../src/frame-reader.ts';
import type { FrameWriter } from '../src/frame-writer.ts';

/** A frame as the test vectors write it. */
export type Frame =
  | {
      readonly type: 'SETTINGS';
      readonly streamWindow: number;
      readonly connectionWindow: number;
      readonly streams: number;
      readonly idleTimeoutMs: number;
    }
  | { readonly type: 'DATA' | 'END'; readonly stream: number; readonly bytes: string }
  | { readonly type: 'RESET'; readonly stream: number; readonly code: number }
  | { readonly type: 'STREAM_CREDIT'; readonly stream: number; readonly credit: number }
  | { readonly type: 'CONNECTION_CREDIT' | 'STREAMS'; readonly credit: number }
  | { readonly type: 'CLOSE'; readonly code: number; readonly reason: string };

/** The frames of a message; throws as `readFrames` does. */
export function framesIn(message: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  const handler: FrameHandler = {
    onSettings: ({ streamWindowBytes, connectionWindowBytes, streamCount, idleTimeoutMs }) =>
      frames.push({
        type: 'SETTINGS',
        streamWindow: streamWindowBytes,
        connectionWindow: connectionWindowBytes,
        streams: streamCount,
        idleTimeoutMs,
      }),
    onData: (stream, bytes, isLast) =>
      frames.push({ type: isLast ? 'END' : 'DATA', stream, bytes: Buffer.from(bytes).toString('hex') }),
    onReset: (stream, code) => frames.push({ type: 'RESET', stream, code }),
    onStreamCredit: (stream, credit) => frames.push({ type: 'STREAM_CREDIT', stream, credit }),
    onConnectionCredit: (credit) => frames.push({ type: 'CONNECTION_CREDIT', credit }),
    onStreams: (credit) => frames.push({ type: 'STREAMS', credit }),
    onClose: (code, reason) => frames.push({ type: 'CLOSE', code, reason: Buffer.from(reason).toString() }),
  };
  readFrames(message, handler);
  return frames;
}

/** Writes a frame. */
export function writeFrame(writer: FrameWriter, frame: Frame): void {
  switch (frame.type) {
    case 'SETTINGS':
      writer.settings({
        streamWindowBytes: frame.streamWindow,
        connectionWindowBytes: frame.connectionWindow,
        streamCount: frame.streams,
        idleTimeoutMs: frame.idleTimeoutMs,
      });
      return;
    case 'DATA':
    case 'END': {
      const queue = new SendQueue(TRANSPORT_LIMITS);
      const bytes = Buffer.from(frame.bytes, 'hex');
      queue.push(bytes);
      writer.data(frame.stream, queue, bytes.byteLength, frame.type === 'END');
      return;
    }
    case 'RESET':
      writer.reset(frame.stream, frame.code);
      return;
    case 'STREAM_CREDIT':
      writer.streamCredit(frame.stream, frame.credit);
      return;
    case 'CONNECTION_CREDIT':
      writer.connectionCredit(frame.credit);
      return;
    case 'STREAMS':
      writer.streams(frame.credit);
      return;
    case 'CLOSE':
      writer.close(frame.code, Buffer.from(frame.reason));
      return;
  }
}
