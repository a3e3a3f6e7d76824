import type { JsonObject } from '@rta/core';
import { z } from 'zod';
import { SSF_LIMITS } from '../limits.ts';
import { isObject } from '../set/strict-json.ts';

/** A text that names something, of a list that parties may extend. */
export const nameOfSomething = z.string().min(1).max(SSF_LIMITS.valueCharacters);

/**
 * A member that only describes: where it is malformed it is left out, for a revocation is not to be lost over a label.
 */
export function label<Schema extends z.ZodType>(schema: Schema) {
  return schema.optional().catch(undefined);
}

/** An object of any members. */
export const anyObject = z.custom<JsonObject>(isObject);

const localizedText = z.record(z.string(), z.string()).exactOptional();

/** UNIX seconds, possibly with a fraction, possibly in the future. */
const timestamp = z.number().nonnegative();

/** Members that every CAEP event may have. @see CAEP 1.0 §2 */
export const CAEP_MEMBERS = {
  event_timestamp: timestamp.exactOptional(),
  initiating_entity: z.enum(['admin', 'user', 'policy', 'system']).exactOptional(),
  reason_admin: localizedText,
  reason_user: localizedText,
};

/** Members that RISC defines for one event only, and that transmitters send with others as well. */
export const RISC_MEMBERS = {
  event_timestamp: label(timestamp),
  reason_admin: label(z.record(z.string(), z.string())),
  reason_user: label(z.record(z.string(), z.string())),
};
