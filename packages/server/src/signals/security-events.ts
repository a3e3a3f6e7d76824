import type { Signal } from '@rta/authority';
import type { Clock } from '@rta/core';
import { createSetReceiver, type SetReceiver, type TransmitterOptions } from '@rta/ssf';
import type { SingleUseKeys } from '@rta/store';
import { signalsOf } from './effects/signals-of.ts';

/** Receives security events for a node: what they mean for its sessions is raised as signals. */
export function createSecurityEvents(options: {
  readonly transmitters: readonly TransmitterOptions[];
  readonly singleUse: SingleUseKeys;
  readonly clock: Clock;
  /** Resolves once the signals are durable. */
  readonly raise: (signals: readonly Signal[]) => Promise<void>;
}): SetReceiver {
  const { raise, ...others } = options;
  return createSetReceiver({
    ...others,
    async accept(event, transmitter) {
      const effects = signalsOf(event, transmitter);
      if ('noEffect' in effects) return effects;
      await raise(effects.signals);
      return undefined;
    },
  });
}
