import { isRtaError, type RtaError } from '@rta/core';
import { storeError } from '@rta/store';
import { redisStoreError } from './errors.ts';

/**
 * The first word of an error reply, e.g. `OOM`; undefined for what is no reply. The rest may quote arguments, and is
 * never shown (invariant I10).
 */
export function replyCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined;
  return /^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR';
}

/** What Redis or the network said, in the words of the port. */
export function translated(error: unknown): RtaError {
  if (isRtaError(error)) return error;
  const reply = replyCode(error);
  if (reply === undefined) {
    // Of the network: the message names addresses, and nothing that was sent.
    return storeError('RTA_STORE_UNAVAILABLE', undefined, { cause: error });
  }
  const details = { reply };
  switch (reply) {
    case 'OOM':
      return storeError('RTA_STORE_FULL', 'Redis has reached its maxmemory', { details });
    case 'WRONGTYPE':
      return storeError('RTA_STORE_MALFORMED', undefined, { details });
    case 'NOAUTH':
    case 'NOPERM':
    case 'WRONGPASS':
      return redisStoreError('RTA_STORE_REFUSED', `Redis answers ${reply}`, { details });
    case 'MOVED': {
      // `MOVED <slot> <host>:<port>`
      const [, movedTo = ''] = /^MOVED \d+ (\S*:\d+)/.exec((error as Error).message) ?? [];
      return storeError('RTA_STORE_UNAVAILABLE', 'the keys are at another node of the cluster', {
        details: { ...details, movedTo },
      });
    }
    default:
      return storeError('RTA_STORE_UNAVAILABLE', `Redis answers ${reply}`, { details });
  }
}
