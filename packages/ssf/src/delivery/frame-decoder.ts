import { ssfError } from '../errors.ts';
import { type DeliveryFrame, parseDeliveryFrame } from './frames.ts';

const LENGTH_BYTES = 4;
/** What is allocated for a frame before more of it has arrived: its length alone is only a claim. */
const FIRST_BYTES = 8_192;

/** Finds frames in a stream of bytes, however they are cut. It holds one incomplete frame at most. */
export interface DeliveryDecoder {
  /** Largest frame from here on. */
  maxFrameBytes: number;
  /** Whether a frame has begun and is not complete. */
  readonly isInside: boolean;
  /**
   * Reads on, and gives each frame as it is complete. Once it has thrown, there is nothing more to be had.
   *
   * @throws RtaError `RTA_SSF_FRAME`, by its length alone for a frame that is too long; what `onFrame` throws.
   */
  push(chunk: Uint8Array, onFrame: (frame: DeliveryFrame) => void): void;
}

/** Makes a decoder of rta-ssf/1. */
export function createDeliveryDecoder(maxFrameBytes: number): DeliveryDecoder {
  let held = new Uint8Array(LENGTH_BYTES);
  let heldBytes = 0;
  /** Of the frame that has begun; undefined inside its length. */
  let jsonBytes: number | undefined;

  /** @returns the length or the JSON that is complete, or undefined where some of it has not come. */
  const take = (part: Uint8Array, wanted: number): Uint8Array | undefined => {
    if (heldBytes === 0 && part.byteLength === wanted) return part;
    const total = heldBytes + part.byteLength;
    if (total > held.byteLength) {
      const larger = new Uint8Array(Math.min(heldBytes + wanted, Math.max(FIRST_BYTES, 2 * total)));
      larger.set(held.subarray(0, heldBytes));
      held = larger;
    }
    held.set(part, heldBytes);
    heldBytes = total;
    if (part.byteLength < wanted) return undefined;
    const whole = held.subarray(0, total);
    held = new Uint8Array(LENGTH_BYTES);
    heldBytes = 0;
    return whole;
  };

  const decoder: DeliveryDecoder = {
    maxFrameBytes,
    get isInside() {
      return heldBytes > 0 || jsonBytes !== undefined;
    },
    push(chunk, onFrame) {
      let offset = 0;
      while (offset < chunk.byteLength) {
        const wanted = (jsonBytes ?? LENGTH_BYTES) - heldBytes;
        const part = chunk.subarray(offset, offset + wanted);
        offset += part.byteLength;
        const whole = take(part, wanted);
        if (whole === undefined) return;
        if (jsonBytes === undefined) {
          jsonBytes = lengthOf(whole, decoder.maxFrameBytes);
        } else {
          jsonBytes = undefined;
          onFrame(parseDeliveryFrame(whole));
        }
      }
    },
  };
  return decoder;
}

function lengthOf(bytes: Uint8Array, max: number): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (length >= 1 && length <= max) return length;
  throw ssfError('RTA_SSF_FRAME', `a frame has from 1 to ${max} bytes here`, { details: { length } });
}
