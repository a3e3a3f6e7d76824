import { ssfError } from '../errors.ts';
import { SSF_LIMITS } from '../limits.ts';
import type { SubjectIdentifier } from '../subjects/subject-identifier.ts';

/** The verification requests of one transmitter's stream, and the check of what comes back. */
export interface VerificationStates {
  /** Remembers the `state` of a request; of many the newest `verificationStateCount`. */
  expect(state: string, streamId?: string): void;
  /**
   * Checks a verification event. A state is not used up: the event may be delivered twice, and late. Without any
   * expected state every state is taken, since the request may have been made elsewhere.
   *
   * @param isExpected - knows states of requests that were made elsewhere. With it no other state is taken.
   * @throws RtaError `RTA_SSF_STATE` where it names another stream than was asked, or a state that nobody sent.
   */
  check(state: string | undefined, subject: SubjectIdentifier, isExpected?: (state: string) => boolean): void;
}

/** Makes an empty memory of requests. */
export function createVerificationStates(): VerificationStates {
  const expected = new Map<string, string | undefined>();
  return {
    expect(state, streamId) {
      expected.delete(state);
      expected.set(state, streamId);
      const [oldest] = expected.keys();
      if (oldest !== undefined && expected.size > SSF_LIMITS.verificationStateCount) expected.delete(oldest);
    },
    check(state, subject, isExpected) {
      if (state === undefined || isExpected?.(state) === true) return;
      if (expected.size === 0 && isExpected === undefined) return;
      if (!expected.has(state)) {
        throw ssfError('RTA_SSF_STATE', 'the verification event carries a state that was not asked for');
      }
      checkStream(expected.get(state), subject);
    },
  };
}

/**
 * Checks that an event about a stream is about this one.
 *
 * @param streamId - any where it is not known.
 * @throws RtaError `RTA_SSF_STATE`
 */
export function checkStream(streamId: string | undefined, subject: SubjectIdentifier): void {
  if (streamId !== undefined && (subject.format !== 'opaque' || subject.id !== streamId)) {
    throw ssfError('RTA_SSF_STATE', 'the event names another stream');
  }
}
