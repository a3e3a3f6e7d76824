import { acceptedFrames } from './accepted.ts';
import { bindings, resumptions } from './bindings.ts';
import type { Vectors } from './format.ts';
import { refusedStreams } from './refused.ts';

/** All vectors; the same on every call. */
export function buildVectors(): Vectors {
  return {
    title: 'rta/1 test vectors',
    specification: 'docs/spec/protocol.md §10',
    accepted: acceptedFrames(),
    refused: refusedStreams(),
    bindings: bindings(),
    resumptions: resumptions(),
  };
}
