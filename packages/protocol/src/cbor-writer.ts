import { encode, rfc8949EncodeOptions } from 'cborg';

/** Major types of RFC 8949 §3.1, as they stand in the first byte of an item. */
const MAJOR = { unsigned: 0x00, negative: 0x20, bytes: 0x40, text: 0x60, array: 0x80, map: 0xa0 } as const;
const SIMPLE = { false: 0xf4, true: 0xf5, null: 0xf6 } as const;

const utf8 = new TextEncoder();

/**
 * Writes one value as deterministic CBOR (RFC 8949 §4.2.1). What it is given was checked: it has a place in a message.
 *
 * Every push and every answer on the control stream comes through here: a general library takes five times as long.
 * What messages seldom hold, it leaves to that library: numbers that are no whole ones.
 *
 * @param bytesBefore - zeros in front, for what is to stand there: a copy is a third of what a short message costs.
 */
export function writeCbor(value: unknown, bytesBefore = 0): Uint8Array {
  paper.begin(bytesBefore);
  paper.write(value);
  return paper.take();
}

class CborWriter {
  readonly #paper = new Uint8Array(4_096);
  #bytes = this.#paper;
  #length = 0;

  /** Begins a new text; one that was not finished is thrown away. */
  begin(bytesBefore: number): void {
    this.#bytes = this.#paper;
    this.#reserve(bytesBefore);
    this.#bytes.fill(0, 0, bytesBefore);
    this.#length = bytesBefore;
  }

  write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#text(value);
        return;
      case 'number':
        this.#number(value);
        return;
      case 'boolean':
        this.#byte(value ? SIMPLE.true : SIMPLE.false);
        return;
      default:
        if (value === null) this.#byte(SIMPLE.null);
        else if (value instanceof Uint8Array) this.#string(MAJOR.bytes, value);
        else if (Array.isArray(value)) this.#array(value);
        else this.#map(value as Readonly<Record<string, unknown>>);
    }
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #array(items: readonly unknown[]): void {
    this.#head(MAJOR.array, items.length);
    for (const item of items) this.write(item);
  }

  #map(map: Readonly<Record<string, unknown>>): void {
    const keys = Object.keys(map).filter((key) => map[key] !== undefined);
    this.#head(MAJOR.map, keys.length);
    for (const key of inOrder(keys)) {
      this.#text(key);
      this.write(map[key]);
    }
  }

  #number(value: number): void {
    // −0 is a float.
    if (!Number.isSafeInteger(value) || Object.is(value, -0))
      this.#append(encode(value, rfc8949EncodeOptions));
    else if (value >= 0) this.#head(MAJOR.unsigned, value);
    else this.#head(MAJOR.negative, -1 - value);
  }

  #text(text: string): void {
    if (!isAscii(text)) return this.#string(MAJOR.text, utf8.encode(text));
    const { length } = text;
    this.#head(MAJOR.text, length);
    this.#reserve(length);
    for (let index = 0; index < length; index++) this.#bytes[this.#length++] = text.charCodeAt(index);
  }

  #string(major: number, bytes: Uint8Array): void {
    this.#head(major, bytes.byteLength);
    this.#append(bytes);
  }

  /** The shortest of the forms that an argument can have. */
  #head(major: number, argument: number): void {
    if (argument < 24) this.#byte(major | argument);
    else if (argument < 0x100) this.#argument(major | 24, argument, 1);
    else if (argument < 0x1_0000) this.#argument(major | 25, argument, 2);
    else if (argument < 0x1_0000_0000) this.#argument(major | 26, argument, 4);
    else {
      this.#argument(major | 27, Math.floor(argument / 0x1_0000_0000), 4);
      this.#bigEndian(argument % 0x1_0000_0000, 4);
    }
  }

  #argument(first: number, argument: number, byteLength: number): void {
    this.#byte(first);
    this.#bigEndian(argument, byteLength);
  }

  #bigEndian(value: number, byteLength: number): void {
    this.#reserve(byteLength);
    for (let shift = (byteLength - 1) * 8; shift >= 0; shift -= 8) {
      this.#bytes[this.#length++] = (value >>> shift) & 0xff;
    }
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.byteLength;
  }

  #reserve(byteLength: number): void {
    const needed = this.#length + byteLength;
    if (needed <= this.#bytes.byteLength) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.byteLength * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

/** What is being written: one writer for all, since nothing that is written writes itself. */
const paper = new CborWriter();

/** Sorts keys; to look whether they are in order costs less, and messages that are many are written so. */
function inOrder(keys: string[]): readonly string[] {
  const isSorted = keys.every((key, at) => at === 0 || byEncodedKey(keys[at - 1] ?? '', key) < 0);
  return isSorted ? keys : keys.sort(byEncodedKey);
}

/** Keys stand in the order of their encoded bytes: the length comes first there. */
function byEncodedKey(a: string, b: string): number {
  if (isAscii(a) && isAscii(b)) return a.length - b.length || (a < b ? -1 : Number(a > b));
  const [one, other] = [utf8.encode(a), utf8.encode(b)];
  return one.byteLength - other.byteLength || Buffer.compare(one, other);
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}
