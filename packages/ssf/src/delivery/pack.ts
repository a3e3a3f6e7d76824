import { DELIVERY_LIMITS } from './limits.ts';

/** What stands around the entries of a frame: braces, the names of its members, commas between them. */
export const FRAME_OVERHEAD_BYTES = 64;

/**
 * Cuts entries into as few frames as they fit into, in their order.
 *
 * @param jsonBytesOf the bytes of an entry in JSON, with its quotes and its comma; none has more than fits.
 */
export function packEntries<Entry>(
  entries: Iterable<Entry>,
  jsonBytesOf: (entry: Entry) => number,
): Entry[][] {
  const frames: Entry[][] = [];
  let current: Entry[] = [];
  let bytes = FRAME_OVERHEAD_BYTES;
  for (const entry of entries) {
    const size = jsonBytesOf(entry);
    const isFull = current.length >= DELIVERY_LIMITS.entryCount || bytes + size > DELIVERY_LIMITS.frameBytes;
    if (isFull && current.length > 0) {
      frames.push(current);
      current = [];
      bytes = FRAME_OVERHEAD_BYTES;
    }
    current.push(entry);
    bytes += size;
  }
  if (current.length > 0) frames.push(current);
  return frames;
}

/** Bytes of a value in JSON, and a byte for what stands between it and the next. */
export function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + 1;
}
