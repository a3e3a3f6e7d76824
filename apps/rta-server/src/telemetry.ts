import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type Clock, systemClock } from '@rta/core';
import {
  type ChangeRecord,
  changeChannel,
  type DecisionDiagnostics,
  decisionChannel,
  type EnforcementDiagnostics,
  enforcementChannel,
  type FaultDiagnostics,
  faultChannel,
  type LifecycleDiagnostics,
  lifecycleChannel,
  type RtaServer,
} from '@rta/server';
import type { Logger } from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type ChannelHandler, securityEventTelemetry } from './security-event-telemetry.ts';

/** What an operator sees of a server: logs and metrics made from what the libraries publish. */
export interface Telemetry {
  /** The metrics in the Prometheus text format. */
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>;
  /** Shows how many connections and sessions are open. */
  watch(server: RtaServer): void;
  close(): void;
}

const DECISION_SECONDS = [0.000_01, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.025, 0.1, 0.5, 2];
const ENFORCE_SECONDS = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5];

/** Subscribes to the diagnostics channels of `@rta/server` and `@rta/ssf`. */
export function startTelemetry(logger: Logger, clock: Clock = systemClock): Telemetry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const decisions = new Counter({
    name: 'rta_decisions_total',
    help: 'Decisions by effect and cause.',
    labelNames: ['effect', 'cause'],
    registers,
  });
  const decisionSeconds = new Histogram({
    name: 'rta_decision_duration_seconds',
    help: 'Time to decide, without the network.',
    buckets: DECISION_SECONDS,
    registers,
  });
  const enforceSeconds = new Histogram({
    name: 'rta_time_to_enforce_seconds',
    help: 'From the arrival of a change to the acknowledgement of an enforcement point.',
    labelNames: ['kind', 'outcome'],
    buckets: ENFORCE_SECONDS,
    registers,
  });
  const stageSeconds = new Histogram({
    name: 'rta_change_stage_seconds',
    help: 'From the arrival of a change: until it was in force (decided), written to an agent (pushed), and taken to heart by it (acknowledged).',
    labelNames: ['kind', 'stage'],
    buckets: ENFORCE_SECONDS,
    registers,
  });
  const faults = new Counter({
    name: 'rta_faults_total',
    help: 'Faults by area and code.',
    labelNames: ['area', 'code'],
    registers,
  });

  const handlers: readonly ChannelHandler[] = [
    ...securityEventTelemetry({ logger, registers, clock }),
    [
      decisionChannel.name,
      (message) => {
        const { effect, cause, durationMs } = message as DecisionDiagnostics;
        decisions.inc({ effect, cause });
        decisionSeconds.observe(durationMs / 1_000);
      },
    ],
    [
      enforcementChannel.name,
      (message) => {
        const { kind, outcome, durationMs, change } = message as EnforcementDiagnostics;
        enforceSeconds.observe({ kind, outcome }, durationMs / 1_000);
        if (outcome === 'cut-off') logger.warn({ kind, change }, 'an agent did not acknowledge a change');
      },
    ],
    [
      changeChannel.name,
      (message) => {
        const { kind, decidedAfterMs, points } = message as ChangeRecord;
        const observe = (stage: string, afterMs: number | undefined): void => {
          if (afterMs !== undefined) stageSeconds.observe({ kind, stage }, afterMs / 1_000);
        };
        observe('decided', decidedAfterMs);
        for (const { outcome, pushedAfterMs, settledAfterMs } of points) {
          observe('pushed', pushedAfterMs);
          if (outcome === 'acknowledged') observe('acknowledged', settledAfterMs);
        }
      },
    ],
    [
      faultChannel.name,
      (message) => {
        const { area, code, message: text } = message as FaultDiagnostics;
        faults.inc({ area, code });
        logger.error({ area, code }, text);
      },
    ],
    [
      lifecycleChannel.name,
      (message) => {
        const { kind, ...rest } = message as LifecycleDiagnostics;
        logger.debug(rest, kind);
      },
    ],
  ];
  for (const [channel, handler] of handlers) subscribe(channel, handler);

  return {
    async metrics() {
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
    watch(server) {
      registry.registerMetric(
        gauge('rta_connections', 'Connections that are open.', () => server.openConnections),
      );
      registry.registerMetric(gauge('rta_sessions', 'Sessions that are live.', () => server.openSessions));
      const { audit } = server;
      registry.registerMetric(
        gauge(
          'rta_audit_log_writable',
          '1 while the audit log is written; 0 while the node permits nothing, or goes on without.',
          () => Number(audit.isWritable),
        ),
      );
      registry.registerMetric(
        gauge('rta_audit_rows_waiting', 'Audit rows that are not written yet.', () => audit.waitingCount),
      );
      registry.registerMetric(
        gauge(
          'rta_audit_records_lost',
          'Audit records that found no room while the log could not be written, since the start.',
          () => audit.lostCount,
        ),
      );
    },
    close() {
      for (const [channel, handler] of handlers) unsubscribe(channel, handler);
    },
  };
}

/** A gauge that reads its value when it is asked for. */
function gauge(name: string, help: string, value: () => number): Gauge {
  return new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(value());
    },
  });
}
