import type { Clock } from '@rta/core';
import {
  type DeliveryDiagnostics,
  deliveryChannel,
  type KeptStreamDiagnostics,
  keptStreamChannel,
  type OutboundStreamDiagnostics,
  outboundStreamChannel,
  quicChannel,
  type ReceivedEvent,
  type SetDeliveryDiagnostics,
  type SetDiagnostics,
  SSF_EVENTS,
  setChannel,
  streamChannel,
} from '@rta/ssf';
import type { Logger } from 'pino';
import { Counter, Histogram, type Registry } from 'prom-client';

/** What is done with the messages of one diagnostics channel. */
export type ChannelHandler = readonly [channel: string, handle: (message: unknown) => void];

const ACCEPT_SECONDS = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5];
/** Between two warnings of what anybody on the network can bring about. */
const STRANGERS_WARNING_MS = 10_000;

/**
 * Makes logs and metrics of what `@rta/ssf` publishes, in both directions. Of a token it says who sent it, its `jti`, and
 * what became of it; never the token.
 */
export function securityEventTelemetry(options: {
  readonly logger: Logger;
  readonly registers: readonly Registry[];
  readonly clock: Clock;
}): readonly ChannelHandler[] {
  const { logger, clock } = options;
  const registers = [...options.registers];
  const received = new Counter({
    name: 'rta_security_events_total',
    help: 'Security events that came, by the way they came and what became of them.',
    labelNames: ['way', 'outcome'],
    registers,
  });
  const acceptSeconds = new Histogram({
    name: 'rta_security_event_accept_seconds',
    help: 'From the arrival of a security event until it was durable, which is when it is acknowledged.',
    labelNames: ['way'],
    buckets: ACCEPT_SECONDS,
    registers,
  });
  const connections = new Counter({
    name: 'rta_security_event_connections_total',
    help: 'Connections that bring security events, by what happened to them.',
    labelNames: ['fact'],
    registers,
  });
  const sent = new Counter({
    name: 'rta_security_events_sent_total',
    help: 'Deliveries of security events to others, by way and outcome; one that failed is tried again.',
    labelNames: ['way', 'outcome'],
    registers,
  });
  const faults = new Counter({
    name: 'rta_security_event_stream_faults_total',
    help: 'What went wrong with streams to others, by code.',
    labelNames: ['code'],
    registers,
  });
  const warnOfStrangers = strangersWarning(logger, clock);
  const warnOfStreams = streamWarning(logger);
  /** Streams to others whose last delivery failed. */
  const failing = new Set<string>();

  return [
    [
      setChannel.name,
      (message) => {
        const set = message as SetDiagnostics;
        const { way, outcome, issuer, jti, eventType, durationMs } = set;
        received.inc({ way, outcome });
        if (outcome === 'accepted') acceptSeconds.observe({ way }, durationMs / 1_000);
        if (set.outcome === 'refused') {
          const { code, message: text } = set.error;
          const about = { way, issuer, code, jti };
          // Only what was verified has a `jti` here: it is of a transmitter, and each is told.
          if (jti === undefined)
            warnOfStrangers(`${code} ${issuer}`, about, `a security event was refused: ${text}`);
          else logger.warn(about, `a security event was refused: ${text}`);
        } else if (set.outcome === 'no-effect') {
          logger.debug({ way, issuer, jti, eventType, why: set.why }, 'a security event has no effect');
        }
      },
    ],
    [
      streamChannel.name,
      (message) => {
        const { transmitter: issuer, event } = message as ReceivedEvent;
        if (!('value' in event) || event.type !== SSF_EVENTS.streamUpdated) return;
        const { status, reason } = event.value;
        warnOfStreams({ issuer, status }, { reason });
      },
    ],
    [keptStreamChannel.name, (message) => warnOfStreams(message as KeptStreamDiagnostics)],
    [
      quicChannel.name,
      (message) => {
        const { connectionId: connection, ...rest } = message as SetDeliveryDiagnostics;
        const { fact } = rest;
        connections.inc({ fact });
        const about = { connection, ...rest };
        if (fact === 'opened') logger.debug(about, 'a transmitter sends security events');
        else if (fact === 'unavailable')
          logger.warn(about, 'a connection is closed: events cannot be taken now');
        else warnOfStrangers(fact, about, `a connection that brings security events was ${fact}`);
      },
    ],
    [
      deliveryChannel.name,
      (message) => {
        const { stream, jti, way, outcome, err } = message as DeliveryDiagnostics;
        sent.inc({ way, outcome });
        if (outcome === 'refused')
          logger.warn({ stream, jti, way, err }, 'a receiver refused a security event');
        if (outcome === 'failed') {
          if (!failing.has(stream))
            logger.warn({ stream, jti, way, err }, 'security events do not get through');
          failing.add(stream);
        } else if (failing.delete(stream)) {
          logger.info({ stream, way }, 'security events get through again');
        }
      },
    ],
    [
      outboundStreamChannel.name,
      (message) => {
        const { kind, ...about } = message as OutboundStreamDiagnostics;
        const { stream, status, by, code } = about;
        if (kind === 'deleted') failing.delete(stream);
        if (kind === 'fault') {
          faults.inc({ code: code ?? 'unknown' });
          logger.error(about, 'a stream of security events to others is in trouble');
        } else if (kind === 'status' && status !== 'enabled' && by === 'transmitter') {
          logger.warn(about, 'a stream of security events to others was stopped');
        } else logger.info(about, `a stream of security events to others: ${kind}`);
      },
    ],
  ];
}

/**
 * Warns of what anybody on the network can bring about: of each kind once in a while, with how many there were since, so
 * that strangers cannot fill the log.
 */
function strangersWarning(logger: Logger, clock: Clock): (kind: string, about: object, text: string) => void {
  /** By kind: codes, with issuers that are registered. */
  const known = new Map<string, { readonly atMs: number; unsaidCount: number }>();
  return (kind, about, text) => {
    const last = known.get(kind);
    const nowMs = clock.monotonicMs();
    if (last !== undefined && nowMs - last.atMs < STRANGERS_WARNING_MS) {
      last.unsaidCount += 1;
      return;
    }
    const unsaidCount = last?.unsaidCount ?? 0;
    known.set(kind, { atMs: nowMs, unsaidCount: 0 });
    logger.warn({ ...about, ...(unsaidCount === 0 ? {} : { unsaidCount }) }, text);
  };
}

/** Says how streams from transmitters are: once for each change, whichever channel says it first. */
function streamWarning(
  logger: Logger,
): (now: KeptStreamDiagnostics, more?: { readonly reason: unknown }) => void {
  const known = new Map<string, Pick<KeptStreamDiagnostics, 'status' | 'code'>>();
  return (now, more) => {
    const { issuer, streamId } = now;
    const before = known.get(issuer);
    // An event says the status alone: what else was wrong still is.
    const code = more === undefined ? now.code : before?.code;
    const { status } = now;
    if (before !== undefined && before.status === status && before.code === code) return;
    known.set(issuer, {
      ...(status === undefined ? {} : { status }),
      ...(code === undefined ? {} : { code }),
    });
    const about = { issuer, streamId, status, code, ...more };
    if (code !== undefined) logger.warn(about, 'a stream of security events cannot be kept');
    else if (status === 'paused' || status === 'disabled') {
      logger.warn(about, 'a transmitter sends nothing: it stopped the stream');
    } else logger.info(about, 'a stream of security events is in order');
  };
}
