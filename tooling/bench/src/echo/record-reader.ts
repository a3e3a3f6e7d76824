/**
 * Cuts a byte stream into records of one length.
 *
 * @param onRecord - given each record; the bytes may be a view of a chunk.
 * @returns takes the next chunk of the stream, cut wherever the network liked.
 */
export function createRecordReader(
  recordBytes: number,
  onRecord: (record: Uint8Array) => void,
): (chunk: Uint8Array) => void {
  const begun = new Uint8Array(recordBytes);
  let begunBytes = 0;
  return (chunk) => {
    let offset = 0;
    if (begunBytes > 0) {
      offset = Math.min(recordBytes - begunBytes, chunk.byteLength);
      begun.set(chunk.subarray(0, offset), begunBytes);
      begunBytes += offset;
      if (begunBytes < recordBytes) return;
      begunBytes = 0;
      onRecord(begun.slice());
    }
    for (; chunk.byteLength - offset >= recordBytes; offset += recordBytes) {
      onRecord(chunk.subarray(offset, offset + recordBytes));
    }
    begun.set(chunk.subarray(offset));
    begunBytes = chunk.byteLength - offset;
  };
}
