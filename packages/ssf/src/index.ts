export type { NoEffect } from './authority.ts';
export type { PushDiagnostics, PushFacts, PushOutcome } from './diagnostics.ts';
export { SSF_ERRORS, type SsfErrorCode, ssfError } from './errors.ts';
export { CAEP_EVENT_TYPES } from './events/caep-event-types.ts';
export { VERIFICATION_EVENT_TYPE } from './events/verification.ts';
export { createGuardedFetch, type GuardedFetch, type GuardedFetchOptions } from './http/guarded-fetch.ts';
export { SSF_HTTP_ERRORS, type SsfHttpErrorCode } from './http/http-errors.ts';
export { SSF_HTTP_LIMITS } from './http/http-limits.ts';
export { type ReceiverLimits, SSF_LIMITS } from './limits.ts';
export type { PushResponse } from './respond.ts';
export {
  createSetReceiver,
  type Push,
  type SetContext,
  type SetReceiver,
  type SetReceiverOptions,
} from './set-receiver.ts';
export { setId } from './set-signal.ts';
export { SET_ALGORITHMS, type SetAlgorithm, type TransmitterOptions } from './transmitter.ts';
