import { createHash, randomBytes } from 'node:crypto';
import { type SessionId, sessionIdFromBytes } from '@rta/core';
import type { TokenContents } from '@rta/token';

/** What a token of one session says; a JWT says the same in `tokens/jwt.ts`. */
export interface SampleSession extends TokenContents {
  /** Facts that an RTAToken commits to by its context hash, and that a JWT carries. */
  readonly subject: string;
  readonly agent: string;
}

/** Sessions with random ids and context hashes. */
export function sampleSessions(count: number): ReadonlyMap<SessionId, SampleSession> {
  const sessions = Array.from({ length: count }, (_, index): SampleSession => {
    const context = { subject: `user-${index}`, agent: `researcher-${index}` };
    return {
      ...context,
      sessionId: sessionIdFromBytes(randomBytes(16)),
      contextHash: Uint8Array.from(createHash('sha256').update(JSON.stringify(context)).digest()),
      issuedAtMs: Date.now(),
    };
  });
  return new Map(sessions.map((session) => [session.sessionId, session]));
}
