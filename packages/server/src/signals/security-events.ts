import { createHash } from 'node:crypto';
import type { AuditRecord } from '@rta/audit';
import type { Signal } from '@rta/authority';
import { type Clock, canonicalJson } from '@rta/core';
import {
  createSetReceiver,
  type ReceivedEvent,
  type SetReceiver,
  subjectJson,
  type TransmitterOptions,
} from '@rta/ssf';
import type { SingleUseKeys } from '@rta/store';
import { signalsOf } from './effects/signals-of.ts';

/** Receives security events for a node: what they mean for its sessions is raised as signals. */
export function createSecurityEvents(options: {
  readonly transmitters: readonly TransmitterOptions[];
  readonly singleUse: SingleUseKeys;
  readonly clock: Clock;
  readonly audit: { record(record: AuditRecord): void };
  /** Resolves once the signals are durable. */
  readonly raise: (signals: readonly Signal[]) => Promise<void>;
}): SetReceiver {
  const { raise, audit, ...others } = options;
  return createSetReceiver({
    ...others,
    async accept(event, transmitter) {
      const effects = signalsOf(event, transmitter);
      if ('noEffect' in effects) return effects;
      if (effects.signals.length === 0) audit.record(recordOf(event));
      await raise(effects.signals);
      return undefined;
    },
  });
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
