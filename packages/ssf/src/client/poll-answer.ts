import { z } from 'zod';
import { ssfClientError } from './client-errors.ts';

/** What one poll brought. */
export interface PollAnswer {
  /** Tokens by `jti`, as the transmitter wrote them: anything may be in place of a token. */
  readonly sets: readonly (readonly [jti: string, set: unknown])[];
  readonly moreAvailable: boolean;
}

const answer = z.looseObject({
  sets: z.unknown(),
  moreAvailable: z.boolean().nullish(),
});

/**
 * Reads the answer to a poll. An empty body counts as no events: some answer acknowledgements so.
 *
 * @throws RtaError `RTA_SSF_POLL_ANSWER`
 * @see RFC 8936 §2.3
 */
export function parsePollAnswer(text: string): PollAnswer {
  if (text.trim() === '') return { sets: [], moreAvailable: false };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw ssfClientError('RTA_SSF_POLL_ANSWER', 'the answer to the poll is not JSON');
  }
  const result = answer.safeParse(json);
  const sets = result.data?.sets;
  if (!result.success || typeof sets !== 'object' || sets === null || Array.isArray(sets)) {
    throw ssfClientError('RTA_SSF_POLL_ANSWER', 'the answer to the poll has no object `sets`');
  }
  return { sets: Object.entries(sets), moreAvailable: result.data.moreAvailable ?? false };
}
