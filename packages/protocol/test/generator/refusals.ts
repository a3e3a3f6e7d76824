import { frame } from '../wire.ts';
import type { RefusedStream } from './format.ts';
import { TYPES } from './frames.ts';

/** A stream with a fault. */
export const refuse = (code: string, name: string, stream: string): RefusedStream => ({ name, stream, code });
/** A frame whose body is not what its type says. */
export const message = (name: string, type: string, body: string): RefusedStream =>
  refuse('RTA_PROTOCOL_MESSAGE', `${type.toUpperCase()}: ${name}`, frame(TYPES[type] ?? 0, 1, body));
