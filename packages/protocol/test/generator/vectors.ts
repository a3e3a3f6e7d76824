import { acceptedDecisions } from './accepted-decisions.ts';
import { acceptedMessages } from './accepted-messages.ts';
import { bindings, resumptions } from './bindings.ts';
import type { Vectors } from './format.ts';
import { refusedCbor, refusedFrames } from './refused-bytes.ts';
import { refusedAuthorize, refusedDecisions } from './refused-decisions.ts';
import { refusedMembers } from './refused-members.ts';

/** All vectors; the same on every call. */
export function buildVectors(): Vectors {
  return {
    title: 'rta/1 test vectors',
    specification: 'docs/spec/protocol.md §11',
    accepted: [...acceptedMessages(), ...acceptedDecisions()],
    // One fault each, and some with two, of which the first counts.
    refused: [
      ...refusedFrames(),
      ...refusedCbor(),
      ...refusedMembers(),
      ...refusedAuthorize(),
      ...refusedDecisions(),
    ],
    bindings: bindings(),
    resumptions: resumptions(),
  };
}
