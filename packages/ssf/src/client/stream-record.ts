import { createHash, randomBytes } from 'node:crypto';
import { type Clock, type JsonObject, toBase64Url, utf8 } from '@rta/core';
import type { Records } from '@rta/store';
import { z } from 'zod';
import { ssfClientError } from './client-errors.ts';
import { SSF_CLIENT_LIMITS } from './client-limits.ts';

const known = z.object({
  streamId: z.string(),
  audience: z.array(z.string()),
  jwksUri: z.string().exactOptional(),
  criticalSubjectMembers: z.array(z.string()),
});

const record = z.object({
  issuer: z.string(),
  /** What the transmitter shows with every push, and what verification states are signed with. */
  secret: z.string(),
  /** The stream that is used. */
  stream: known.exactOptional(),
  /** The node that creates the stream at this moment. */
  claim: z.object({ id: z.string(), untilMs: z.number() }).exactOptional(),
  /** The last verification event that answered a request of any node. */
  verified: z.object({ state: z.string(), atMs: z.number(), lagMs: z.number() }).exactOptional(),
});

/** The stream of one transmitter as it is remembered, by all nodes. */
export type StreamRecord = z.output<typeof record>;

/** What is remembered of a stream that is used: enough to take its events before the transmitter is reached. */
export type KnownStream = z.output<typeof known>;

/** The memory of one transmitter's stream, which nodes share. Every call may fail as those of the store do. */
export interface StreamMemory {
  /** What is remembered; a secret is made where there is none. */
  load(): Promise<StreamRecord>;
  keep(stream: KnownStream): Promise<void>;
  /** Forgets a stream that is gone, unless another one took its place. */
  forget(streamId: string): Promise<void>;
  /**
   * Has this node alone create the stream, for a while.
   *
   * @throws RtaError `RTA_SSF_STREAM_CLAIMED`
   */
  claim(): Promise<void>;
  /** Remembers a verification event. */
  verified(verification: NonNullable<StreamRecord['verified']>): Promise<void>;
}

/** Makes the memory of one transmitter's stream. */
export function createStreamMemory(options: {
  readonly issuer: string;
  readonly records: Pick<Records, 'update'>;
  readonly clock: Clock;
}): StreamMemory {
  const { issuer, records, clock } = options;
  const key = `in:${toBase64Url(createHash('sha256').update(utf8(issuer)).digest())}`;
  const self = toBase64Url(randomBytes(16));
  const fresh: StreamRecord = { issuer, secret: toBase64Url(randomBytes(32)) };

  const update = async (change: (before: StreamRecord) => StreamRecord): Promise<StreamRecord> => {
    let after = fresh;
    await records.update(key, (stored) => {
      const parsed = record.safeParse(stored);
      const before = parsed.success ? parsed.data : fresh;
      after = change(before);
      // What is not changed is not written.
      const isSame = stored !== undefined && parsed.success && after === before;
      return { record: isSame ? stored : (after satisfies JsonObject) };
    });
    return after;
  };

  return {
    load: async () => update((before) => before),
    async keep(stream) {
      await update((before) => {
        const { claim: _, ...rest } = before;
        return { ...rest, stream };
      });
    },
    async forget(streamId) {
      await update((before) => {
        if (before.stream?.streamId !== streamId) return before;
        const { stream: _, ...rest } = before;
        return rest;
      });
    },
    async claim() {
      const { claim } = await update((before) => {
        const isTaken =
          before.claim !== undefined && before.claim.id !== self && before.claim.untilMs > clock.now();
        if (isTaken) return before;
        return { ...before, claim: { id: self, untilMs: clock.now() + SSF_CLIENT_LIMITS.creationMs } };
      });
      if (claim?.id !== self) throw ssfClientError('RTA_SSF_STREAM_CLAIMED');
    },
    async verified(verified) {
      await update((before) => ({ ...before, verified }));
    },
  };
}
