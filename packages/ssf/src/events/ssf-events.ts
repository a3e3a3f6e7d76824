import { z } from 'zod';
import { SSF_EVENTS } from './event-types.ts';
import { label, nameOfSomething } from './members.ts';

/** What the members of the events of a stream are. @see SSF 1.0 §8.1.4.1, §8.1.5 */
export const SSF_SCHEMAS = {
  /** Shows that the stream works; `state` is that of the request, and absent where nobody asked. */
  [SSF_EVENTS.verification]: z.object({ state: z.string().exactOptional() }),
  /** The transmitter changed the status of the stream. */
  [SSF_EVENTS.streamUpdated]: z.object({
    status: z.enum(['enabled', 'paused', 'disabled']),
    reason: label(nameOfSomething),
  }),
} as const;
