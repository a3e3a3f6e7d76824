import { ssfError } from '../errors.ts';
import { SSF_LIMITS } from '../limits.ts';
import { isObject, parseStrictObject } from '../set/strict-json.ts';
import { DELIVERY_LIMITS } from './limits.ts';

/** What is wrong with one SET, as RFC 8935 §2.3 has it. */
export interface SetError {
  readonly err: string;
  readonly description: string;
}

/** One frame of rta-ssf/1. */
export type DeliveryFrame =
  /** The sender says who it is, and for which stream. */
  | {
      readonly kind: 'open';
      readonly issuer: string;
      readonly streamId?: string;
      readonly authorization?: string;
    }
  /** The receiver takes SETs from here on. */
  | { readonly kind: 'opened' }
  /** The receiver takes none, and says why. */
  | ({ readonly kind: 'error' } & SetError)
  /** SETs by their `jti`. */
  | { readonly kind: 'sets'; readonly sets: ReadonlyMap<string, string> }
  /** What became of SETs, by their `jti`. */
  | {
      readonly kind: 'answer';
      readonly ack: readonly string[];
      readonly setErrs: ReadonlyMap<string, SetError>;
    };

const LENGTH_BYTES = 4;
const encoder = new TextEncoder();

/**
 * The bytes of a frame: its length, and JSON.
 *
 * @throws RangeError where it has more than `frameBytes`.
 */
export function encodeDeliveryFrame(frame: DeliveryFrame): Uint8Array {
  const json = encoder.encode(JSON.stringify(bodyOf(frame)));
  if (json.byteLength > DELIVERY_LIMITS.frameBytes) {
    throw new RangeError(`a frame has at most ${DELIVERY_LIMITS.frameBytes} bytes`);
  }
  const bytes = new Uint8Array(LENGTH_BYTES + json.byteLength);
  new DataView(bytes.buffer).setUint32(0, json.byteLength);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

function bodyOf(frame: DeliveryFrame): object {
  switch (frame.kind) {
    case 'open': {
      const { issuer, streamId, authorization } = frame;
      return {
        open: {
          issuer,
          ...(streamId === undefined ? {} : { stream_id: streamId }),
          ...(authorization === undefined ? {} : { authorization }),
        },
      };
    }
    case 'opened':
      return { opened: {} };
    case 'error':
      return { error: { err: frame.err, description: frame.description } };
    case 'sets':
      return { sets: Object.fromEntries(frame.sets) };
    case 'answer':
      return {
        ...(frame.ack.length === 0 ? {} : { ack: frame.ack }),
        ...(frame.setErrs.size === 0 ? {} : { setErrs: Object.fromEntries(frame.setErrs) }),
      };
  }
}

/**
 * Reads the JSON of a frame.
 *
 * @throws RtaError `RTA_SSF_FRAME`
 */
export function parseDeliveryFrame(json: Uint8Array): DeliveryFrame {
  let body: Record<string, unknown>;
  try {
    body = parseStrictObject(json, 'frame');
  } catch (cause) {
    throw frameError('it is not I-JSON in UTF-8', cause);
  }
  const names = Object.keys(body);
  const [name] = names;
  if (names.every((one) => one === 'ack' || one === 'setErrs') && name !== undefined) {
    return { kind: 'answer', ...parseAnswer(body) };
  }
  const value = name === undefined ? undefined : body[name];
  if (names.length !== 1 || !isObject(value)) throw frameError('it is of no kind that is known');
  switch (name) {
    case 'open':
      return { kind: 'open', ...parseOpen(value) };
    case 'opened':
      return { kind: 'opened' };
    case 'error':
      return { kind: 'error', ...parseSetError(value) };
    case 'sets':
      return { kind: 'sets', sets: parseEntries(value, parseText(DELIVERY_LIMITS.frameBytes)) };
    default:
      throw frameError('it is of no kind that is known');
  }
}

function parseOpen(value: Readonly<Record<string, unknown>>): {
  readonly issuer: string;
  readonly streamId?: string;
  readonly authorization?: string;
} {
  const { issuer, stream_id: streamId, authorization } = value;
  const text = parseText(DELIVERY_LIMITS.openFrameBytes);
  return {
    issuer: parseName(issuer),
    ...(streamId === undefined ? {} : { streamId: parseName(streamId) }),
    ...(authorization === undefined ? {} : { authorization: text(authorization) }),
  };
}

function parseAnswer(body: Readonly<Record<string, unknown>>): {
  readonly ack: readonly string[];
  readonly setErrs: ReadonlyMap<string, SetError>;
} {
  const { ack = [], setErrs = {} } = body;
  if (!Array.isArray(ack) || !isObject(setErrs)) throw frameError('`ack` is a list, and `setErrs` an object');
  if (ack.length > DELIVERY_LIMITS.entryCount) throw frameError('it has too many entries');
  return { ack: ack.map(parseName), setErrs: parseEntries(setErrs, parseSetError) };
}

function parseSetError(value: unknown): SetError {
  if (!isObject(value)) throw frameError('an error is an object');
  const { err, description = '' } = value;
  return { err: parseName(err), description: parseText(DELIVERY_LIMITS.frameBytes)(description) };
}

function parseEntries<Value>(
  value: Readonly<Record<string, unknown>>,
  parse: (value: unknown) => Value,
): ReadonlyMap<string, Value> {
  const entries = Object.entries(value);
  if (entries.length > DELIVERY_LIMITS.entryCount) throw frameError('it has too many entries');
  return new Map(entries.map(([name, one]) => [parseName(name), parse(one)]));
}

function parseName(value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= SSF_LIMITS.nameCharacters) return value;
  throw frameError('a name has from 1 to 1024 characters');
}

function parseText(maxLength: number): (value: unknown) => string {
  return (value) => {
    if (typeof value === 'string' && value.length <= maxLength) return value;
    throw frameError('a text is missing, or too long');
  };
}

function frameError(problem: string, cause?: unknown): Error {
  return ssfError('RTA_SSF_FRAME', `what arrived is no frame of rta-ssf/1: ${problem}`, { cause });
}
