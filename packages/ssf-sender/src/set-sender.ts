import { randomInt } from 'node:crypto';
import { type Clock, isRtaError, systemClock } from '@rta/core';
import { DELIVERY_ALPN, SSF_LIMITS } from '@rta/ssf/delivery';
import type { ServerCredentials, TransportConnection } from '@rta/transport';
import { codeOf, senderChannel } from './diagnostics.ts';
import { type Endpoint, parseEndpoint } from './endpoint.ts';
import { senderError } from './errors.ts';
import { SENDER_LIMITS, type SenderLimits } from './limits.ts';
import { type Link, type LinkEnd, openLink } from './link.ts';
import type { SetOutbox } from './outbox.ts';
import { createPendingSets } from './pending-sets.ts';

/** To whom a transmitter sends, and as whom. */
export interface SetSenderOptions {
  /** Where the receiver listens, `host:port`. */
  readonly endpoint: string;
  /** The issuer of the stream: `iss` of every SET. */
  readonly issuer: string;
  /** The stream, where the receiver has several of this issuer. */
  readonly streamId?: string;
  /** The stream's `authorization_header`, e.g. `Bearer …`. */
  readonly authorization?: string;
  /** A certificate to show instead of it, or besides, with its key, PEM (mutual TLS). */
  readonly credentials?: ServerCredentials;
  /** Certificates of the authorities to trust, PEM; default those that Node.js trusts. */
  readonly ca?: string;
  /** The name that the receiver's certificate must be valid for; default the host. */
  readonly serverName?: string;
  /** Keeps SETs over a restart; without it they are kept in memory only. */
  readonly outbox?: SetOutbox;
  /**
   * Connects by other means than QUIC over UDP. The connection must speak `rta-ssf/1` and must not have early data. It
   * rejects with the reason of the signal when that fires.
   */
  readonly dial?: (signal: AbortSignal) => Promise<TransportConnection>;
  /** By default those of `SENDER_LIMITS`. */
  readonly limits?: Partial<SenderLimits>;
  readonly clock?: Clock;
}

/** How it stands with a sender. */
export interface SenderHealth {
  /** `open` where SETs can leave at once. */
  readonly state: 'connecting' | 'open' | 'waiting' | 'closed';
  /** SETs that were not answered. */
  readonly pendingCount: number;
  readonly pendingBytes: number;
  /** For how long the oldest of them waits; 0 where none does. */
  readonly oldestPendingMs: number;
  /** Why there is no connection, where there is none. */
  readonly because: string | undefined;
}

/** Sends SETs over one connection that stays open. */
export interface SetSender extends AsyncDisposable {
  /**
   * Sends a SET, and resolves when the receiver has made it durable. Until then it is sent again whenever a connection
   * was lost. A second call with the same token gets the same promise.
   *
   * @param jti of the token.
   * @param set the compact JWS.
   * @throws TypeError for what is no `jti` or no JWS, and for another token under a `jti` that is on its way.
   * @throws RtaError `RTA_SENDER_REFUSED` with the receiver's `err` in the details, `RTA_SENDER_TOO_LARGE`,
   *   `RTA_SENDER_FULL`, `RTA_SENDER_OUTBOX`, `RTA_SENDER_CLOSED`.
   */
  send(jti: string, set: string): Promise<void>;
  readonly health: SenderHealth;
  /** Takes no more, waits for acknowledgements within `drainMs`, then closes the connection. Idempotent. */
  close(): Promise<void>;
}

const HALF_A_CHARACTER = /\p{Surrogate}/u;
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Failures of a handshake that the next one will have too. */
const PERMANENT: ReadonlySet<string> = new Set([
  'RTA_TRANSPORT_CERTIFICATE',
  'RTA_TRANSPORT_HANDSHAKE',
  'RTA_TRANSPORT_CONFIG',
]);

/**
 * Makes a sender and begins to connect. Reading the outbox, connecting and connecting again happen by themselves; what
 * goes wrong is in `health` and on the diagnostics channel `rta:ssf-sender`.
 *
 * @throws TypeError for an endpoint that is none, and where nothing shows who sends; RangeError for a limit that is
 *   not a positive integer.
 * @see docs/spec/ssf-quic.md
 */
export function createSetSender(options: SetSenderOptions): SetSender {
  const { issuer, streamId, authorization, outbox, clock = systemClock } = options;
  const limits = resolveLimits(options.limits);
  const dial = options.dial ?? quicDial(parseEndpoint(options.endpoint), options, limits);
  if (authorization === undefined && options.credentials === undefined && options.dial === undefined) {
    throw new TypeError('give authorization or credentials: receivers take SETs of nobody else');
  }
  const over = new AbortController();
  let link: Link | undefined;
  let state: SenderHealth['state'] = 'connecting';
  let because: string | undefined;
  let failureCount = 0;
  let closing: Promise<void> | undefined;

  const pending = createPendingSets({ issuer, outbox, limits, clock, onAdded: () => link?.wake() });

  const connectOnce = async (): Promise<LinkEnd> => {
    state = 'connecting';
    let openedAtMs: number | undefined;
    try {
      const connection = await dial(over.signal);
      if (over.signal.aborted) {
        // It came about all the same.
        await connection.close();
        return { because: 'the sender is closed', isPermanent: false };
      }
      pending.rewind();
      link = openLink(connection, {
        open: {
          issuer,
          ...(streamId === undefined ? {} : { streamId }),
          ...(authorization === undefined ? {} : { authorization }),
        },
        pending,
        limits,
        clock,
        onOpened() {
          state = 'open';
          openedAtMs = clock.monotonicMs();
          because = undefined;
          senderChannel.publish({ fact: 'opened', issuer, pendingCount: pending.count });
        },
        onAnswered() {
          failureCount = 0;
        },
      });
      return await link.ended;
    } catch (error) {
      return { because: codeOf(error), isPermanent: isRtaError(error) && PERMANENT.has(error.code) };
    } finally {
      link = undefined;
      const lastedMs = openedAtMs === undefined ? 0 : clock.monotonicMs() - openedAtMs;
      if (lastedMs >= limits.retryMaxMs) failureCount = 0;
    }
  };

  const stayConnected = async (): Promise<void> => {
    if (outbox !== undefined) await restore(outbox);
    while (!over.signal.aborted) {
      const end = await connectOnce();
      if (over.signal.aborted) return;
      state = 'waiting';
      because = end.because;
      const retryInMs = pauseMs(end.isPermanent ? Number.POSITIVE_INFINITY : failureCount, limits);
      failureCount += 1;
      senderChannel.publish({ fact: 'lost', issuer, because, retryInMs, pendingCount: pending.count });
      await pause(retryInMs, over.signal, clock);
    }
  };

  /** Reads what is left of before. An outbox that cannot be read now is read again. */
  const restore = async (kept: SetOutbox): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        pending.restore(await kept.load());
        return;
      } catch (error) {
        state = 'waiting';
        because = codeOf(error);
        const retryInMs = pauseMs(failureCount, limits);
        failureCount += 1;
        senderChannel.publish({ fact: 'outbox-failed', issuer, because });
        await pause(retryInMs, over.signal, clock);
      }
    }
  };

  const drain = async (): Promise<void> => {
    const timeUp = Promise.withResolvers<void>();
    const timer = clock.after(limits.drainMs, timeUp.resolve);
    const last = async (): Promise<void> => {
      await pending.drained();
      over.abort();
      await link?.finish();
    };
    await Promise.race([last(), timeUp.promise]);
    timer.cancel();
    state = 'closed';
    over.abort();
    pending.abandon();
    link?.cut();
    await running;
  };

  const running = stayConnected();
  const close = (): Promise<void> => {
    closing ??= drain();
    return closing;
  };

  return {
    async send(jti, set) {
      if (jti === '' || jti.length > SSF_LIMITS.nameCharacters || HALF_A_CHARACTER.test(jti)) {
        throw new TypeError(`a jti has from 1 to ${SSF_LIMITS.nameCharacters} characters`);
      }
      if (!COMPACT_JWS.test(set)) throw new TypeError('a SET is a JWS in compact serialization');
      if (Buffer.byteLength(set) > SSF_LIMITS.setBytes) throw senderError('RTA_SENDER_TOO_LARGE');
      if (closing !== undefined) throw senderError('RTA_SENDER_CLOSED');
      return pending.add({ jti, set });
    },
    get health() {
      const { count, bytes, oldestSinceMs } = pending;
      return {
        state,
        pendingCount: count,
        pendingBytes: bytes,
        oldestPendingMs: oldestSinceMs === undefined ? 0 : clock.monotonicMs() - oldestSinceMs,
        because,
      };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Dials over QUIC, without a ticket: so there never is early data (docs/spec/ssf-quic.md ). */
function quicDial(
  endpoint: Endpoint,
  options: SetSenderOptions,
  { idleTimeoutMs, keepAliveMs }: SenderLimits,
): (signal: AbortSignal) => Promise<TransportConnection> {
  const { ca, serverName, credentials, clock } = options;
  const target = {
    ...endpoint,
    alpn: [DELIVERY_ALPN],
    idleTimeoutMs,
    keepAliveMs,
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(clock === undefined ? {} : { clock }),
  };
  let dialer: Promise<{ dial(options: { signal: AbortSignal }): Promise<TransportConnection> }> | undefined;
  return async (signal) => {
    // Loaded when it is needed: it has a native binary, which not every platform has.
    dialer ??= import('@rta/transport-quic').then(({ createQuicDialer }) => createQuicDialer(target));
    return (await dialer).dial({ signal });
  };
}

/** Twice as long with each failure, up to the limit; then a random part of up to a half less. */
function pauseMs(failureCount: number, { retryMs, retryMaxMs }: SenderLimits): number {
  const full = Math.min(retryMs * 2 ** failureCount, retryMaxMs);
  return Math.round((full * randomInt(500, 1_001)) / 1_000);
}

function pause(delayMs: number, signal: AbortSignal, clock: Clock): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const over = (): void => {
    timer.cancel();
    signal.removeEventListener('abort', over);
    resolve();
  };
  const timer = clock.after(delayMs, over);
  signal.addEventListener('abort', over);
  return promise;
}

function resolveLimits(chosen: Partial<SenderLimits> = {}): SenderLimits {
  for (const [name, value] of Object.entries(chosen)) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`limit ${name} must be a positive integer`);
  }
  return { ...SENDER_LIMITS, ...chosen };
}
