import type { Clock } from '@rta/core';
import type { CloseInfo } from '@rta/transport';
import type { Address, NativeConnection } from './native.ts';
import { type PacketType, packetsOf } from './packet-walk.ts';

/** Whose connection a trace is of. */
export interface QlogSubject {
  /** The connection's `id` in this process. */
  readonly connectionId: string;
  readonly role: 'client' | 'server';
}

/**
 * Opens a trace for a connection that begins.
 *
 * @returns what takes the trace, record by record; undefined for a connection that is not to be traced.
 */
export type QlogOpener = (subject: QlogSubject) => QlogSink | undefined;

/** Takes one trace. */
export interface QlogSink {
  /** One record of a JSON text sequence (RFC 7464), with its separators. */
  write(record: string): void;
  /** The connection has ended, and there will be no more. */
  end(): void;
}

/** What there is to say when a connection begins. */
export interface QlogBeginning {
  readonly subject: QlogSubject;
  readonly clock: Clock;
  readonly local: Address;
  readonly remote: Address;
}

const FORMAT = {
  qlog_version: '0.3',
  qlog_format: 'JSON-SEQ',
  title: 'RealTimeAuth',
} as const;

/** Types whose packets have a number, and in which space they are counted (RFC 9000 §12.3). */
const NUMBER_SPACE: { readonly [Type in PacketType]?: 'initial' | 'handshake' | 'application' } = {
  initial: 'initial',
  handshake: 'handshake',
  '0RTT': 'application',
  '1RTT': 'application',
};

/**
 * Writes what a connection does as qlog: datagrams, packets, round trip time, congestion window, migration and the
 * end. Packets are protected, so the trace says their type and length. The numbers of those sent are known all the
 * same, for quiche counts without gaps; those of packets received are left out. No contents of streams are in it.
 *
 * @see draft-ietf-quic-qlog-main-schema, draft-ietf-quic-qlog-quic-events
 */
export class QlogTrace {
  readonly #sink: QlogSink;
  readonly #nowMs: () => number;
  readonly #beganMs: number;
  readonly #sentCounts = { initial: 0, handshake: 0, application: 0 };
  #metrics = '';

  private constructor(sink: QlogSink, { subject, clock, local, remote }: QlogBeginning) {
    this.#sink = sink;
    this.#nowMs = () => clock.monotonicMs();
    this.#beganMs = clock.monotonicMs();
    this.#write({
      ...FORMAT,
      trace: {
        vantage_point: { type: subject.role },
        common_fields: {
          ODCID: subject.connectionId,
          time_format: 'relative',
          reference_time: clock.now(),
        },
      },
    });
    this.#event('connectivity:connection_started', {
      src_ip: local.host,
      src_port: local.port,
      dst_ip: remote.host,
      dst_port: remote.port,
    });
  }

  /** Begins a trace where somebody wants it. */
  static open(opener: QlogOpener | undefined, beginning: QlogBeginning): QlogTrace | undefined {
    const sink = opener?.(beginning.subject);
    return sink === undefined ? undefined : new QlogTrace(sink, beginning);
  }

  sent(datagram: Uint8Array): void {
    for (const { type, byteLength } of packetsOf(datagram)) {
      const space = NUMBER_SPACE[type];
      const number = space === undefined ? {} : { packet_number: this.#sentCounts[space]++ };
      this.#event('transport:packet_sent', {
        header: { packet_type: type, ...number },
        raw: { length: byteLength },
      });
    }
  }

  received(datagram: Uint8Array): void {
    for (const { type, byteLength } of packetsOf(datagram)) {
      this.#event('transport:packet_received', {
        header: { packet_type: type },
        raw: { length: byteLength },
      });
    }
  }

  /** Notes round trip time and congestion window where they have changed. */
  measured(native: NativeConnection): void {
    const path = native.pathStats().find(({ active }) => active);
    if (path === undefined) return;
    const metrics = `${path.rtt} ${path.cwnd}`;
    if (metrics === this.#metrics) return;
    this.#metrics = metrics;
    this.#event('recovery:metrics_updated', { smoothed_rtt: path.rtt, congestion_window: path.cwnd });
  }

  ended({ by, code, reason }: CloseInfo): void {
    this.#event('connectivity:connection_closed', {
      owner: by === 'local' ? 'local' : 'remote',
      ...(by === 'transport' ? { connection_code: code } : { application_code: code }),
      trigger: by === 'timeout' ? 'idle_timeout' : by === 'transport' ? 'error' : 'application',
      reason,
    });
    this.#sink.end();
  }

  #event(name: string, data: object): void {
    this.#write({ time: this.#nowMs() - this.#beganMs, name, data });
  }

  #write(record: object): void {
    this.#sink.write(`\u001e${JSON.stringify(record)}\n`);
  }
}
