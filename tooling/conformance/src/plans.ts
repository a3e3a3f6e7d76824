import { EVENT_MODULES } from './receiver/event-modules.ts';
import type { ReceiverModule } from './receiver/receiver-module.ts';
import { STREAM_MODULES } from './receiver/stream-modules.ts';
import type { Plan } from './report.ts';
import { DELIVERY_MODULES } from './transmitter/delivery-modules.ts';
import { MANAGEMENT_MODULES } from './transmitter/management-modules.ts';
import type { TransmitterModule } from './transmitter/transmitter-module.ts';

/** What is asked of a receiver. */
export const RECEIVER_MODULES: readonly ReceiverModule[] = [...STREAM_MODULES, ...EVENT_MODULES];

/** What is asked of a transmitter. */
export const TRANSMITTER_MODULES: readonly TransmitterModule[] = [...MANAGEMENT_MODULES, ...DELIVERY_MODULES];

/** The server receives, by both ways of delivery. */
export const RECEIVER_PLAN: Plan = {
  name: 'receiver',
  what: 'Each module is a transmitter of its own, with an authorization server; the server finds it by discovery.',
  variants: ['push', 'poll'],
  modules: RECEIVER_MODULES.map(({ name }) => name),
};

/** The server transmits. */
export const TRANSMITTER_PLAN: Plan = {
  name: 'transmitter',
  what: 'Each module is a receiver of its own, with an access token of the IdP.',
  variants: ['result'],
  modules: TRANSMITTER_MODULES.map(({ name }) => name),
};
