import { z } from 'zod';
import { SCIM_EVENTS } from './event-types.ts';
import { anyObject, label, nameOfSomething, RISC_MEMBERS } from './members.ts';

const SCIM_MEMBERS = {
  event_timestamp: RISC_MEMBERS.event_timestamp,
  /** The `ETag` of the resource as it is now. */
  version: label(nameOfSomething),
};
const plain = z.object({ ...SCIM_MEMBERS });
const notice = z.object({ ...SCIM_MEMBERS, attributes: z.array(nameOfSomething).exactOptional() });
const full = z.object({ ...SCIM_MEMBERS, data: anyObject });

/** What the members of each SCIM event are. @see RFC 9967 §2 */
export const SCIM_SCHEMAS = {
  [SCIM_EVENTS.feedAdd]: plain,
  [SCIM_EVENTS.feedRemove]: plain,
  /** `attributes` are names of attributes that have a value, or have another one. */
  [SCIM_EVENTS.createNotice]: notice,
  /** `data` is the resource, or what was asked to be changed of it. */
  [SCIM_EVENTS.createFull]: full,
  [SCIM_EVENTS.patchNotice]: notice,
  [SCIM_EVENTS.patchFull]: full,
  [SCIM_EVENTS.putNotice]: notice,
  [SCIM_EVENTS.putFull]: full,
  [SCIM_EVENTS.delete]: plain,
  [SCIM_EVENTS.activate]: plain,
  [SCIM_EVENTS.deactivate]: plain,
  /** What became of a request that was answered with 202 before. */
  [SCIM_EVENTS.asyncResponse]: plain,
} as const;
