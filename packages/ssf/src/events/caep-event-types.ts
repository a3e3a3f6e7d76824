import type { CaepEvent } from './caep-event.ts';
import { credentialChange } from './credential-change.ts';
import { deviceComplianceChange } from './device-compliance-change.ts';
import { riskLevelChange } from './risk-level-change.ts';
import { sessionRevoked } from './session-revoked.ts';

const EVENTS: readonly CaepEvent[] = [
  sessionRevoked,
  credentialChange,
  deviceComplianceChange,
  riskLevelChange,
];

/** URIs of the event types that have an effect. Any other type is acknowledged and does nothing. */
export const CAEP_EVENT_TYPES: readonly string[] = EVENTS.map(({ type }) => type);

const BY_TYPE: ReadonlyMap<string, CaepEvent> = new Map(EVENTS.map((event) => [event.type, event]));

/** The event type with this URI; undefined for one that has no effect. */
export function findCaepEvent(type: string): CaepEvent | undefined {
  return BY_TYPE.get(type);
}
