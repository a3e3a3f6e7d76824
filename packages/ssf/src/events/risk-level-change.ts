import { z } from 'zod';
import { defineCaepEvent, nameOfSomething, type SubjectMeaning } from './caep-event.ts';

const level = z.enum(['LOW', 'MEDIUM', 'HIGH']);

const MEANINGS: ReadonlyMap<string, SubjectMeaning> = new Map([
  ['USER', 'user'],
  ['DEVICE', 'device'],
  ['SESSION', 'session'],
]);

/**
 * The risk that comes with a user, a device or a session changed. `principal` says which of them a simple subject
 * is; its list is open.
 *
 * @see CAEP 1.0 §3.8
 */
export const riskLevelChange = defineCaepEvent({
  name: 'risk-level-change',
  members: {
    principal: nameOfSomething,
    current_level: level,
    previous_level: level.exactOptional(),
  },
  mean: ({ principal, current_level: current }) => ({
    change: { kind: 'risk-level-change', principal, current },
    meaning: MEANINGS.get(principal) ?? 'other',
  }),
});
