import { setImmediate as nextTurn } from 'node:timers/promises';
import { createSetSender, type SetSender } from '@rta/ssf-sender';
import { IN_FLIGHT, type Way } from './way.ts';

/** Where the server takes tokens over QUIC, and from whom. */
export interface QuicTarget {
  /** `host:port` */
  readonly endpoint: string;
  readonly issuer: string;
  readonly authorization: string;
  /** PEM. */
  readonly ca: string;
}

/** A token to each frame: the sender packs what it is given in one turn of the event loop, so each has its own. */
export function quicWay(target: QuicTarget, resources: AsyncDisposableStack): Way {
  const sender = createSender(target, resources);
  return {
    async deliver(sets) {
      const waiting = sets.values();
      const work = async (): Promise<void> => {
        for (const { jti, set } of waiting) {
          if (sets.length > 1) await nextTurn();
          await sender.send(jti, set);
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT.quic }, work));
    },
  };
}

/** As many tokens to a frame as the sender puts there, when it is given all of them. */
export function quicBatchedWay(target: QuicTarget, resources: AsyncDisposableStack): Way {
  const sender = createSender(target, resources);
  return {
    async deliver(sets) {
      await Promise.all(sets.map(({ jti, set }) => sender.send(jti, set)));
    },
  };
}

function createSender(target: QuicTarget, resources: AsyncDisposableStack): SetSender {
  return resources.use(createSetSender(target));
}
