import type { SignalChange } from '@rta/authority';
import type { JsonObject } from '@rta/core';
import { z } from 'zod';
import { ssfError } from '../errors.ts';
import { reasonForPeople } from '../reason.ts';

/** What a simple subject is the name of, as far as the event itself says. */
export type SubjectMeaning = 'user' | 'device' | 'session' | 'other';

/** What one event says. */
export interface CaepFacts {
  readonly change: SignalChange;
  readonly meaning: SubjectMeaning;
  /** UNIX seconds, possibly with a fraction, possibly in the future. */
  readonly eventTimestamp?: number;
  /** For people; one line, bounded. */
  readonly reason?: string;
}

/** One type of event that has an effect. */
export interface CaepEvent {
  /** The URI under which it stands in `events`. */
  readonly type: string;
  /**
   * Reads the event's members; those that the type does not know are passed over (SSF 1.0 §4.2.3).
   *
   * @throws RtaError `RTA_SSF_EVENT`
   */
  read(event: JsonObject): CaepFacts;
}

const localizedText = z.record(z.string(), z.string()).exactOptional();

/** Members that every CAEP event may have. @see CAEP 1.0 §2 */
const CAEP_MEMBERS = {
  event_timestamp: z.number().nonnegative().exactOptional(),
  initiating_entity: z.enum(['admin', 'user', 'policy', 'system']).exactOptional(),
  reason_admin: localizedText,
  reason_user: localizedText,
};

/** A text that names something, of a list that parties may extend. */
export const nameOfSomething = z.string().min(1).max(256);

/**
 * Puts an event type together from the members that it needs and what they mean. Members that only describe, say the
 * friendly name of a credential, are not checked: a revocation is not to be lost over a label.
 */
export function defineCaepEvent<Shape extends z.core.$ZodLooseShape>(options: {
  /** The last part of the type's URI. */
  readonly name: string;
  readonly members: Shape;
  readonly mean: (members: z.output<z.ZodObject<Shape>>) => {
    readonly change: SignalChange;
    readonly meaning: SubjectMeaning;
  };
}): CaepEvent {
  const own = z.object(options.members);
  const common = z.object(CAEP_MEMBERS);
  return {
    type: `https://schemas.openid.net/secevent/caep/event-type/${options.name}`,
    read(event) {
      const { event_timestamp: eventTimestamp, reason_admin: reasons } = readMembers(
        common,
        event,
        options.name,
      );
      const reason = reasons === undefined ? undefined : reasonForPeople(reasons);
      return {
        ...options.mean(readMembers(own, event, options.name)),
        ...(eventTimestamp === undefined ? {} : { eventTimestamp }),
        ...(reason === undefined ? {} : { reason }),
      };
    },
  };
}

/** @throws RtaError `RTA_SSF_EVENT`, which names the member and never its value (invariant I10). */
export function readMembers<Output>(schema: z.ZodType<Output>, event: JsonObject, name: string): Output {
  const result = schema.safeParse(event);
  if (result.success) return result.data;
  const member = String(result.error.issues[0]?.path[0] ?? '');
  throw ssfError('RTA_SSF_EVENT', `${name}: member ${member} is missing or has a value that is not allowed`);
}
