import { z } from 'zod';
import { defineCaepEvent } from './caep-event.ts';

const status = z.enum(['compliant', 'not-compliant']);

/**
 * A device met its policy and does not any more, or the other way round. The device is the `device` of a complex
 * subject; a simple subject is the user whose device it is, as the CAEP interoperability profile has it.
 *
 * @see CAEP 1.0 §3.5
 */
export const deviceComplianceChange = defineCaepEvent({
  name: 'device-compliance-change',
  members: { previous_status: status, current_status: status },
  mean: ({ current_status: current }) => ({
    change: { kind: 'device-compliance-change', current },
    meaning: 'user',
  }),
});
