import type { JsonObject } from '@rta/core';
import { z } from 'zod';
import { ssfError } from '../errors.ts';
import { SSF_LIMITS } from '../limits.ts';
import { readMembers } from './caep-event.ts';

/** URI of the event by which a transmitter shows that its stream works. @see SSF 1.0 §8.1.4 */
export const VERIFICATION_EVENT_TYPE = 'https://schemas.openid.net/secevent/ssf/event-type/verification';

const verification = z.object({ state: z.string().exactOptional() });

/** The verification requests of one transmitter's stream, and the check of what comes back. */
export interface VerificationStates {
  /** Remembers the `state` of a request; of many the newest `verificationStateCount`. */
  expect(state: string): void;
  /**
   * Checks a verification event. A state is not used up: the event may be delivered twice, and late. Without any
   * expected state every state is taken, since the request may have been made elsewhere.
   *
   * @throws RtaError `RTA_SSF_EVENT`; `RTA_SSF_STATE` where it names another stream, or a state that nobody sent.
   */
  check(event: JsonObject, subId: JsonObject): void;
}

/** @param streamId - the stream that the events must name; any where it is not known. */
export function createVerificationStates(streamId: string | undefined): VerificationStates {
  const expected = new Set<string>();
  return {
    expect(state) {
      expected.delete(state);
      expected.add(state);
      const [oldest] = expected;
      if (oldest !== undefined && expected.size > SSF_LIMITS.verificationStateCount) expected.delete(oldest);
    },
    check(event, subId) {
      const { state } = readMembers(verification, event, 'verification');
      if (streamId !== undefined && (subId['format'] !== 'opaque' || subId['id'] !== streamId)) {
        throw ssfError('RTA_SSF_STATE', 'the verification event names another stream');
      }
      if (state !== undefined && expected.size > 0 && !expected.has(state)) {
        throw ssfError('RTA_SSF_STATE', 'the verification event carries a state that was not asked for');
      }
    },
  };
}
