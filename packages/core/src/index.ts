export { concatBytes, constantTimeEqual, fromBase64Url, toBase64Url, utf8 } from './bytes.ts';
export { type Clock, systemClock, type Timer } from './clock.ts';
export { CORE_ERRORS, type CoreErrorCode } from './core-errors.ts';
export { type Diagnostics, diagnostics } from './diagnostics.ts';
export {
  type ErrorDetails,
  type ErrorFactory,
  type ErrorSpec,
  type ErrorTable,
  errorFactory,
  isRtaError,
  RtaError,
} from './errors.ts';
export { canonicalJson, type JsonObject, type JsonValue } from './json.ts';
export {
  parseSessionId,
  SESSION_ID_BYTES,
  type SessionId,
  sessionIdFromBytes,
  sessionIdToBytes,
} from './session-id.ts';
