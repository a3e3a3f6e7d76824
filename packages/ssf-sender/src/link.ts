import type { Clock, Timer } from '@rta/core';
import {
  createDeliveryDecoder,
  DELIVERY_ALPN,
  DELIVERY_CLOSE,
  DELIVERY_LIMITS,
  type DeliveryFrame,
  encodeDeliveryFrame,
  FRAME_OVERHEAD_BYTES,
} from '@rta/ssf/delivery';
import type { TransportConnection } from '@rta/transport';
import { codeOf } from './diagnostics.ts';
import { senderError } from './errors.ts';
import type { SenderLimits } from './limits.ts';
import type { PendingSets } from './pending-sets.ts';

/** How a link ended. */
export interface LinkEnd {
  readonly because: string;
  /** Whether the same will happen again until somebody changes something. */
  readonly isPermanent: boolean;
}

/** One connection to the receiver, while it lasts. */
export interface Link {
  /** Settled when the connection is gone. */
  readonly ended: Promise<LinkEnd>;
  /** There may be something to send. */
  wake(): void;
  /** Sends no more, waits for the last answers, and closes. */
  finish(): Promise<void>;
  /** Closes without waiting. */
  cut(): void;
}

/** What must change at one of the sides before another attempt is of use (docs/spec/ssf-quic.md ). */
const PERMANENT: ReadonlySet<number> = new Set([
  DELIVERY_CLOSE.early,
  DELIVERY_CLOSE.frame,
  DELIVERY_CLOSE.unexpected,
  DELIVERY_CLOSE.limit,
  DELIVERY_CLOSE.refused,
]);

/** Sends what is pending over a connection that is open: the sending half of rta-ssf/1. */
export function openLink(
  connection: TransportConnection,
  options: {
    readonly open: Omit<Extract<DeliveryFrame, { kind: 'open' }>, 'kind'>;
    readonly pending: PendingSets;
    readonly limits: SenderLimits;
    readonly clock: Clock;
    readonly onOpened: () => void;
    /** The receiver works: it has answered. */
    readonly onAnswered: () => void;
  },
): Link {
  const { open, pending, limits, clock } = options;
  const decoder = createDeliveryDecoder(DELIVERY_LIMITS.frameBytes);
  let phase: 'opening' | 'open' | 'finishing' | 'over' = 'opening';
  let isWritable = true;
  let isAwake = false;
  let timer: Timer | undefined;
  let failure: LinkEnd | undefined;
  const streamEnded = Promise.withResolvers<void>();

  const fail = (because: string, isPermanent = false): void => {
    failure ??= { because, isPermanent };
    phase = 'over';
    void connection.close(DELIVERY_CLOSE.none);
  };
  const isOver = (): boolean => phase === 'over';

  /** Somebody who says nothing while there is something to be said is not there. */
  const awaitAnswer = (): void => {
    timer?.cancel();
    timer =
      pending.sentCount === 0
        ? undefined
        : clock.after(limits.answerTimeoutMs, () => fail('the receiver does not answer'));
  };

  const pump = (): void => {
    isAwake = false;
    if (phase !== 'open' || !isWritable) return;
    const wasIdle = pending.sentCount === 0;
    while (isWritable) {
      const room = limits.windowCount - pending.sentCount;
      const taken = pending.take({
        count: Math.min(room, DELIVERY_LIMITS.entryCount),
        jsonBytes: DELIVERY_LIMITS.frameBytes - FRAME_OVERHEAD_BYTES,
      });
      if (taken.length === 0) break;
      const sets = new Map(taken.map(({ jti, set }) => [jti, set]));
      isWritable = stream.write(encodeDeliveryFrame({ kind: 'sets', sets }));
    }
    if (wasIdle) awaitAnswer();
  };
  /** What is given to the sender in one turn goes in one frame. */
  const wake = (): void => {
    if (isAwake) return;
    isAwake = true;
    queueMicrotask(pumpSafely);
  };
  const pumpSafely = (): void => {
    try {
      pump();
    } catch (error) {
      fail(codeOf(error));
    }
  };

  const onFrame = (frame: DeliveryFrame): void => {
    if (isOver()) return;
    if (frame.kind === 'opened' && phase === 'opening') {
      phase = 'open';
      timer?.cancel();
      options.onOpened();
      wake();
    } else if (frame.kind === 'answer' && phase !== 'opening') {
      for (const jti of frame.ack) pending.acknowledge(jti);
      for (const [jti, setErr] of frame.setErrs) pending.refuse(jti, setErr);
      awaitAnswer();
      options.onAnswered();
      wake();
    } else if (frame.kind === 'error') {
      fail(frame.err, true);
    } else {
      throw senderError('RTA_SENDER_PROTOCOL');
    }
  };

  void connection.closed.then(() => timer?.cancel());
  const ended = connection.closed.then(({ by, code, reason }): LinkEnd => {
    phase = 'over';
    streamEnded.resolve();
    // What the peer says of its close counts for more than what it looks like from a stream.
    if (by === 'local' && failure !== undefined) return failure;
    const isPermanent = by === 'peer' && PERMANENT.has(code);
    return { because: reason === '' ? `closed by ${by} with ${code}` : reason, isPermanent };
  });

  if (connection.protocol !== DELIVERY_ALPN) {
    fail('RTA_SENDER_PROTOCOL', true);
    return { ended, wake, finish: async () => {}, cut: () => {} };
  }
  const stream = connection.openStream();
  timer = clock.after(limits.openTimeoutMs, () => fail('the receiver does not answer'));
  stream.setHandlers({
    onData(chunk) {
      if (isOver()) return;
      try {
        decoder.push(chunk, onFrame);
      } catch (error) {
        fail(codeOf(error), true);
      }
    },
    onEnd() {
      streamEnded.resolve();
      if (phase !== 'finishing') fail('the receiver ended the stream');
    },
    onReset: () => fail('the receiver broke the stream off'),
    onWritable() {
      isWritable = true;
      wake();
    },
  });
  stream.write(encodeDeliveryFrame({ kind: 'open', ...open }));

  return {
    ended,
    wake,
    async finish() {
      if (phase === 'open') {
        phase = 'finishing';
        stream.end();
        await streamEnded.promise;
      }
      phase = 'over';
      await connection.close(DELIVERY_CLOSE.none);
    },
    cut: () => fail('the sender is closed'),
  };
}
