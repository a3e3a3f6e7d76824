import { protocolError } from './errors.ts';
import { decodeUtf8, isText } from './text.ts';

/** Reads the parts of a binary body in order; running past the end is a malformed message. */
export class BodyReader {
  private at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  uint8(): number {
    return this.take(1)[0] ?? 0;
  }

  uint16(): number {
    const [high = 0, low = 0] = this.take(2);
    return (high << 8) | low;
  }

  uint32(): number {
    return this.uint16() * 0x1_0000 + this.uint16();
  }

  /** 64 bits as a number, which is exact up to 2^53 − 1; larger ones must be refused by who asked. */
  uint64(): number {
    return this.uint32() * 0x1_0000_0000 + this.uint32();
  }

  /** A view of the next bytes. */
  take(lengthBytes: number): Uint8Array {
    const end = this.at + lengthBytes;
    if (end > this.bytes.byteLength) throw malformed('the body ends too early');
    const part = this.bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }

  /** A text of 1 to `maxBytes` bytes after its length in 16 bits. */
  text(what: string, maxBytes: number): string {
    const lengthBytes = this.uint16();
    if (lengthBytes === 0 || lengthBytes > maxBytes)
      throw malformed(`${what} must have 1 to ${maxBytes} bytes`);
    const bytes = this.take(lengthBytes);
    let text: string;
    try {
      text = decodeUtf8(bytes);
    } catch (cause) {
      throw protocolError('RTA_PROTOCOL_MESSAGE', `${what} is not UTF-8`, { cause });
    }
    if (!isText(text)) throw malformed(`${what} begins with a byte order mark`);
    return text;
  }

  /** Refuses what is left. */
  end(): void {
    if (this.at !== this.bytes.byteLength) throw malformed('bytes follow the end of the message');
  }
}

/** The error of a body that is not what its frame type says. */
export function malformed(what: string): Error {
  return protocolError('RTA_PROTOCOL_MESSAGE', what);
}
