import type { Clock, Timer } from '@rta/core';
import type { TransportConnection } from '@rta/transport';
import type { SetReceiver } from '../receiver/set-receiver.ts';
import type { DeliveryRequest } from './authentication.ts';
import { type DeliveryStream, type DeliveryStreamLimits, serveDeliveryStream } from './delivery-stream.ts';
import { quicChannel } from './diagnostics.ts';
import { DELIVERY_LIMITS } from './limits.ts';
import { DELIVERY_ALPN, DELIVERY_CLOSE, type DeliveryCloseCode } from './protocol.ts';

/** Limits of one connection that can be chosen; those of the protocol cannot. */
export type DeliveryLimits = DeliveryStreamLimits & {
  readonly streamCount: number;
  readonly drainMs: number;
};

/** What a connection that brings SETs is served with. */
export interface SetDeliveryOptions {
  /** Judges each SET, as it judges those that come by other ways. */
  readonly receiver: Pick<SetReceiver, 'receive'>;
  /** Whether a sender is the one that it says; see `createDeliveryAuthentication`. */
  readonly authenticate: (request: DeliveryRequest) => boolean | Promise<boolean>;
  /** By default those of `DELIVERY_LIMITS`. */
  readonly limits?: Partial<DeliveryLimits>;
  readonly clock: Clock;
}

/** A connection that brings SETs. */
export interface SetDelivery extends AsyncDisposable {
  /** Settled when the connection is gone. */
  readonly closed: Promise<unknown>;
  /**
   * Takes no more SETs, answers those that are worked on, within `drainMs`, and closes the connection with `goingAway`.
   * What was not acknowledged the sender sends to whoever takes it next. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Serves one connection of a transmitter that sends over QUIC: the receiving half of rta-ssf/1.
 *
 * A SET is acknowledged when the receiver has made it durable. Where it cannot do that now, the connection is closed,
 * and what was not acknowledged comes again. A connection with early data is closed and nothing of it is taken: it may
 * be a copy of what somebody else sent (RFC 8446 §8).
 *
 * @throws RangeError for a limit that is not a positive integer.
 * @see docs/spec/ssf-quic.md
 */
export function serveSetDelivery(connection: TransportConnection, options: SetDeliveryOptions): SetDelivery {
  const { receiver, clock } = options;
  const limits = resolveLimits(options.limits);
  const { id: connectionId, remoteAddress, clientThumbprint } = connection;
  const streams = new Set<DeliveryStream>();
  let silence: Timer | undefined;
  let closing: Promise<void> | undefined;

  const breakOff = (code: DeliveryCloseCode, reason: string): void => {
    const about = { connectionId, remoteAddress };
    if (code === DELIVERY_CLOSE.refused) quicChannel.publish({ fact: 'refused', ...about });
    else if (code === DELIVERY_CLOSE.unavailable) {
      quicChannel.publish({ fact: 'unavailable', ...about, because: reason });
    } else quicChannel.publish({ fact: 'broken-off', ...about, code, reason });
    void connection.close(code, reason);
  };

  const closeGently = async (): Promise<void> => {
    const timeUp = Promise.withResolvers<void>();
    const timer = clock.after(limits.drainMs, timeUp.resolve);
    await Promise.race([Promise.all([...streams].map((stream) => stream.drain())), timeUp.promise]);
    timer.cancel();
    await connection.close(DELIVERY_CLOSE.goingAway, 'the receiver is going away');
  };
  const close = (): Promise<void> => {
    closing ??= closeGently();
    return closing;
  };
  const delivery: SetDelivery = { closed: connection.closed, close, [Symbol.asyncDispose]: close };

  if (connection.isEarly) {
    breakOff(DELIVERY_CLOSE.early, 'early data is not taken here');
    return delivery;
  }
  if (connection.protocol !== DELIVERY_ALPN) {
    breakOff(DELIVERY_CLOSE.unexpected, `this is ${DELIVERY_ALPN}`);
    return delivery;
  }
  const awaitStream = (): void => {
    silence = clock.after(limits.openTimeoutMs, () =>
      breakOff(DELIVERY_CLOSE.timeout, 'no stream was opened in time'),
    );
  };
  awaitStream();
  void connection.closed.then(() => silence?.cancel());

  connection.onStream((stream) => {
    silence?.cancel();
    if (closing !== undefined) return stream.reset(DELIVERY_CLOSE.goingAway);
    if (streams.size >= limits.streamCount) {
      return breakOff(DELIVERY_CLOSE.limit, 'too many streams');
    }
    const served: DeliveryStream = serveDeliveryStream(stream, {
      receiver,
      limits,
      clock,
      async authenticate({ issuer, streamId, authorization }) {
        try {
          return await options.authenticate({
            issuer,
            ...(streamId === undefined ? {} : { streamId }),
            ...(authorization === undefined ? {} : { authorization }),
            ...(clientThumbprint === undefined ? {} : { clientThumbprint }),
          });
        } catch {
          // Who cannot be judged is not let in.
          return false;
        }
      },
      onOpened: (issuer) => quicChannel.publish({ fact: 'opened', connectionId, remoteAddress, issuer }),
      onFailed: breakOff,
      onEnded() {
        streams.delete(served);
        // The sender closes, once it has the last answers: closing here could lose them.
        if (streams.size === 0) awaitStream();
      },
    });
    streams.add(served);
  });
  return delivery;
}

function resolveLimits(chosen: Partial<DeliveryLimits> = {}): DeliveryLimits {
  for (const [name, value] of Object.entries(chosen)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`limit ${name} must be a positive integer`);
    }
  }
  return { ...DELIVERY_LIMITS, ...chosen };
}
