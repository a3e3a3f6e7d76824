import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FrameWriter } from '../src/frame-writer.ts';
import { type Frame, framesIn, writeFrame } from './frames.ts';

interface Vectors {
  readonly accepted: readonly {
    readonly name: string;
    readonly message: string;
    readonly frames: readonly Frame[];
  }[];
  readonly refused: readonly { readonly name: string; readonly message: string }[];
}

const file = new URL('../../../docs/spec/vectors/streams-over-websocket.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

describe('the test vectors', () => {
  test.each(vectors.accepted)('read and write $name [W-3.1]', ({ message, frames }) => {
    expect(framesIn(Buffer.from(message, 'hex'))).toEqual(frames);
    const writer = new FrameWriter();
    for (const frame of frames) writeFrame(writer, frame);
    expect(writer.take().toString('hex')).toBe(message);
  });

  test.each(vectors.refused)('refuse $name [W-3.1, W-3.3]', ({ message }) => {
    expect(() => framesIn(Buffer.from(message, 'hex'))).toThrow(
      expect.objectContaining({ code: 'RTA_WEBSOCKET_FRAME' }),
    );
  });

  test.each(vectors.accepted)('refuse whatever cuts $name short', ({ message, frames }) => {
    const whole = Buffer.from(message, 'hex');
    for (let length = 0; length < whole.byteLength; length++) {
      let read: Frame[];
      try {
        read = framesIn(whole.subarray(0, length));
      } catch (error) {
        expect(error).toMatchObject({ code: 'RTA_WEBSOCKET_FRAME' });
        continue;
      }
      // Cut between two frames.
      expect(read).toEqual(frames.slice(0, read.length));
      expect(read.length).toBeLessThan(frames.length);
    }
  });
});
