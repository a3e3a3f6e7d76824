export { checkCode, decodeCloseReason, encodeCloseReason, surfaceHandlerError } from './close.ts';
export { TRANSPORT_ERRORS, type TransportErrorCode, transportError } from './errors.ts';
export { resolveTransportLimits, TRANSPORT_LIMITS, type TransportLimits } from './limits.ts';
export {
  createMemoryTransport,
  createMemoryTransportPair,
  type MemoryTransport,
  type MemoryTransportOptions,
  type MemoryTransportPair,
} from './memory-transport.ts';
export { SendQueue } from './send-queue.ts';
export type {
  ClientAuthentication,
  CloseInfo,
  ConnectionHandler,
  MigrateOptions,
  SecureTransportListener,
  ServerCredentials,
  StreamHandlers,
  TransportConnection,
  TransportListener,
  TransportStream,
} from './transport.ts';
