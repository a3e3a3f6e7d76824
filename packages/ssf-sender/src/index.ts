export type { SenderDiagnostic } from './diagnostics.ts';
export { SENDER_ERRORS, type SenderErrorCode } from './errors.ts';
export { SENDER_LIMITS, type SenderLimits } from './limits.ts';
export type { OutboxEntry, SetOutbox } from './outbox.ts';
export {
  createSetSender,
  type SenderHealth,
  type SetSender,
  type SetSenderOptions,
} from './set-sender.ts';
