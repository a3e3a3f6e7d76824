import { type Clock, isRtaError, type Timer } from '@rta/core';
import type { TransportStream } from '@rta/transport';
import type { SetReceiver } from '../receiver/set-receiver.ts';
import { createAnswerQueue } from './answers.ts';
import { createDeliveryDecoder } from './frame-decoder.ts';
import { type DeliveryFrame, encodeDeliveryFrame } from './frames.ts';
import { DELIVERY_LIMITS } from './limits.ts';
import { DELIVERY_CLOSE, type DeliveryCloseCode } from './protocol.ts';

type OpenFrame = Extract<DeliveryFrame, { kind: 'open' }>;

/** What a stream says of itself to its connection. */
export interface DeliveryStreamEvents {
  /** Says whether a sender may send. */
  authenticate(open: OpenFrame): Promise<boolean>;
  onOpened(issuer: string): void;
  /** The connection has to end. */
  onFailed(code: DeliveryCloseCode, reason: string): void;
  /** The stream is over. */
  onEnded(): void;
}

/** The limits of a stream that can be chosen. */
export type DeliveryStreamLimits = {
  readonly [Name in
    | 'concurrentSetCount'
    | 'openTimeoutMs'
    | 'frameTimeoutMs'
    | 'slowReaderTimeoutMs']: number;
};

/** One stream of SETs, as the receiver sees it. */
export interface DeliveryStream {
  /** Takes no more, and resolves when what is worked on is answered. */
  drain(): Promise<void>;
}

/** Serves one stream: who sends, then its SETs, each through the receiver. */
export function serveDeliveryStream(
  stream: TransportStream,
  options: DeliveryStreamEvents & {
    readonly receiver: Pick<SetReceiver, 'receive'>;
    readonly limits: DeliveryStreamLimits;
    readonly clock: Clock;
  },
): DeliveryStream {
  const { receiver, limits, clock } = options;
  const decoder = createDeliveryDecoder(DELIVERY_LIMITS.openFrameBytes);
  /** SETs that have arrived and are not worked on yet. */
  const waiting: [jti: string, set: string][] = [];
  let issuer: string | undefined;
  let phase: 'opening' | 'authenticating' | 'open' | 'draining' | 'over' = 'opening';
  let working = 0;
  let hasEnded = false;
  let isWritable = true;
  const drained = Promise.withResolvers<void>();

  const timers = new Map<'open' | 'frame' | 'reader', Timer>();
  const stopTimer = (name: 'open' | 'frame' | 'reader'): void => {
    timers.get(name)?.cancel();
    timers.delete(name);
  };
  const startTimer = (name: 'open' | 'frame' | 'reader', delayMs: number, onPassed: () => void): void => {
    if (!timers.has(name)) timers.set(name, clock.after(delayMs, onPassed));
  };

  const isOver = (): boolean => phase === 'over';
  const over = (): void => {
    if (isOver()) return;
    phase = 'over';
    waiting.length = 0;
    for (const name of timers.keys()) stopTimer(name);
    drained.resolve();
    options.onEnded();
  };
  const fail = (code: DeliveryCloseCode, reason: string): void => {
    if (isOver()) return;
    answers.flush();
    if (isOver()) return;
    options.onFailed(code, reason);
    over();
  };

  const write = (frame: Uint8Array): void => {
    if (isOver()) return;
    try {
      isWritable = stream.write(frame);
    } catch {
      // Its buffer is full, though nothing more was read since it was half full.
      fail(DELIVERY_CLOSE.slowReader, 'the answers are not read');
      return;
    }
    if (!isWritable) {
      startTimer('reader', limits.slowReaderTimeoutMs, () =>
        fail(DELIVERY_CLOSE.slowReader, 'the answers are not read'),
      );
    }
    steer();
  };
  const answers = createAnswerQueue(write);

  /** Reads on while there is room for what comes; otherwise the sender feels it. */
  const steer = (): void => {
    const hasRoom = waiting.length === 0 && isWritable && phase !== 'authenticating' && phase !== 'draining';
    if (!hasRoom) {
      stream.pause();
      // What does not come because it is not read is not late.
      stopTimer('frame');
      return;
    }
    stream.resume();
    if (decoder.isInside && phase === 'open') {
      startTimer('frame', limits.frameTimeoutMs, () =>
        fail(DELIVERY_CLOSE.timeout, 'a frame does not come to its end'),
      );
    } else stopTimer('frame');
  };

  const mayTake = (): boolean => !isOver() && isWritable && working < limits.concurrentSetCount;

  /** Works on what waits, and ends what has ended. */
  const proceed = (): void => {
    while (mayTake()) {
      const next = waiting.shift();
      if (next === undefined) break;
      void take(...next);
    }
    if (isOver()) return;
    if (working === 0 && waiting.length === 0) {
      if (phase === 'draining') {
        answers.flush();
        drained.resolve();
        return;
      }
      if (hasEnded) {
        answers.flush();
        if (isOver()) return;
        stream.end();
        over();
        return;
      }
    }
    steer();
  };

  const take = async (jti: string, set: string): Promise<void> => {
    if (issuer === undefined) return;
    working += 1;
    const verdict = await receiver.receive(set, { way: 'quic', issuer, jti });
    working -= 1;
    if (isOver()) return;
    if (verdict.outcome !== 'refused') answers.acknowledge(jti);
    else if (verdict.err !== undefined || !verdict.error.retryable) {
      answers.refuse(jti, { err: verdict.err ?? 'invalid_request', description: verdict.error.message });
    } else {
      fail(DELIVERY_CLOSE.unavailable, verdict.error.code);
      return;
    }
    proceed();
  };

  const open = async (frame: OpenFrame): Promise<void> => {
    phase = 'authenticating';
    const isTrusted = await options.authenticate(frame);
    if (phase !== 'authenticating') return;
    if (!isTrusted) {
      const description = 'the issuer is not known, or the credential is not the one that was agreed on';
      write(encodeDeliveryFrame({ kind: 'error', err: 'authentication_failed', description }));
      fail(DELIVERY_CLOSE.refused, 'authentication_failed');
      return;
    }
    stopTimer('open');
    issuer = frame.issuer;
    decoder.maxFrameBytes = DELIVERY_LIMITS.frameBytes;
    phase = 'open';
    write(encodeDeliveryFrame({ kind: 'opened' }));
    options.onOpened(frame.issuer);
    proceed();
  };

  const onFrame = (frame: DeliveryFrame): void => {
    if (isOver()) return;
    stopTimer('frame');
    if (phase === 'opening' && frame.kind === 'open') void open(frame);
    else if (frame.kind === 'sets' && phase === 'open') waiting.push(...frame.sets);
    // What is not taken any more is not acknowledged, and comes again elsewhere.
    else if (frame.kind === 'sets' && phase === 'draining') return;
    else fail(DELIVERY_CLOSE.unexpected, `a frame came where it may not: ${frame.kind}`);
  };

  startTimer('open', limits.openTimeoutMs, () =>
    fail(DELIVERY_CLOSE.timeout, 'the stream was not opened in time'),
  );
  stream.setHandlers({
    onData(chunk) {
      if (isOver()) return;
      try {
        decoder.push(chunk, onFrame);
      } catch (error) {
        fail(DELIVERY_CLOSE.frame, isRtaError(error) ? error.message : 'fault of the receiver');
        return;
      }
      proceed();
    },
    onEnd() {
      if (decoder.isInside) return fail(DELIVERY_CLOSE.frame, 'a frame is cut off');
      if (phase !== 'open' && phase !== 'draining') {
        return fail(DELIVERY_CLOSE.unexpected, 'the stream ended before it was opened');
      }
      hasEnded = true;
      proceed();
    },
    onReset: over,
    onWritable() {
      isWritable = true;
      stopTimer('reader');
      if (!isOver()) proceed();
    },
  });

  return {
    drain() {
      if (phase === 'open') {
        phase = 'draining';
        waiting.length = 0;
        proceed();
      } else if (!isOver() && phase !== 'draining') over();
      return drained.promise;
    },
  };
}
