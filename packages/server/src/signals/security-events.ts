import { createHash } from 'node:crypto';
import type { AuditRecord } from '@rta/audit';
import type { Signal } from '@rta/authority';
import { type Clock, canonicalJson } from '@rta/core';
import {
  type ClientAuthentication,
  createSetReceiver,
  createStreamKeeper,
  type ReceivedEvent,
  type SetReceiver,
  type StreamKeeper,
  subjectJson,
  type TransmitterOptions,
} from '@rta/ssf';
import type { Records, SingleUseKeys } from '@rta/store';
import { signalsOf } from './effects/signals-of.ts';
import type { TrustedTransmitter } from './set-deliveries.ts';

/** A stream that the server keeps at a transmitter. */
export interface StreamOptions {
  /** `push`, to this server; or `poll`, where it cannot be reached from the transmitter. */
  readonly delivery: 'push' | 'poll';
  /** URIs of the event types to ask for; all of CAEP and RISC by default. */
  readonly events?: readonly string[];
  readonly auth: ClientAuthentication;
  /** Between two verifications; an hour by default. */
  readonly verifyEveryMs?: number;
  /** Lets hosts that the transmitter names have private addresses; its own may always. */
  readonly allowPrivateAddresses?: boolean;
}

/**
 * Who may send security events. With `stream` the server keeps its stream by itself, and learns from the transmitter
 * what it is called there (`audience`, which must be among it where it is given), where keys are, and how pushes are
 * authorized. Without, all that is given.
 */
export type SecurityEventSource =
  | (TrustedTransmitter & { readonly stream?: never })
  | (Omit<
      TransmitterOptions,
      'audience' | 'jwksUri' | 'jwks' | 'authorizationHeader' | 'streamId' | 'expectsState' | 'fetch'
    > &
      Pick<TrustedTransmitter, 'quic'> & { readonly audience?: string; readonly stream: StreamOptions });

/** How a node receives security events. */
export interface SecurityEvents {
  readonly receiver: SetReceiver;
  /** Streams that the node keeps. */
  readonly streams: readonly StreamKeeper[];
  /** Acknowledges what has been received, and stops. */
  close(): Promise<void>;
}

/** Receives security events for a node: what they mean for its sessions is raised as signals. */
export function createSecurityEvents(options: {
  readonly sources: readonly SecurityEventSource[];
  readonly singleUse: SingleUseKeys;
  /** Where streams are remembered. */
  readonly records: Records;
  /** Where transmitters push to. */
  readonly endpointUrl: string;
  readonly clock: Clock;
  readonly audit: { record(record: AuditRecord): void };
  /** Resolves once the signals are durable. */
  readonly raise: (signals: readonly Signal[]) => Promise<void>;
}): SecurityEvents {
  const { sources, singleUse, records, endpointUrl, clock, audit, raise } = options;
  const streams: StreamKeeper[] = [];
  const heard = (event: ReceivedEvent): void => {
    for (const stream of streams) if (stream.issuer === event.transmitter) stream.heard(event);
  };

  const receiver = createSetReceiver({
    transmitters: sources.filter((source) => source.stream === undefined),
    singleUse,
    clock,
    onStreamEvent: heard,
    async accept(event, transmitter) {
      heard(event);
      const effects = signalsOf(event, transmitter);
      if ('noEffect' in effects) return effects;
      if (effects.signals.length === 0) audit.record(recordOf(event));
      await raise(effects.signals);
      return undefined;
    },
  });
  for (const source of sources) {
    if (source.stream === undefined) continue;
    const { stream, audience, quic: _, ...transmitter } = source;
    const { delivery, auth, ...rest } = stream;
    streams.push(
      createStreamKeeper({
        ...rest,
        transmitter,
        ...(audience === undefined ? {} : { audience }),
        delivery: delivery === 'push' ? { method: 'push', endpointUrl } : { method: 'poll' },
        authentication: auth,
        receiver,
        records,
        clock,
      }),
    );
  }

  return {
    receiver,
    streams,
    async close() {
      await Promise.all(streams.map((stream) => stream.close()));
      await receiver.close();
    },
  };
}

/** That an event came which changes nothing here; whom it is about, without a name. */
function recordOf({ id, transmitter, txn, event, subject }: ReceivedEvent): AuditRecord {
  const digest = createHash('sha256')
    .update(canonicalJson(subjectJson(subject)))
    .digest('base64url');
  return {
    kind: 'signal',
    outcome: 'ok',
    cause: event.type.replace(/^.*(event-type\/|scim:event:)/, ''),
    change: id,
    ...(txn === undefined ? {} : { txn }),
    detail: { source: transmitter, subject: digest, sessions: 0 },
  };
}
