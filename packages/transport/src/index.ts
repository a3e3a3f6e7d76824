export { TRANSPORT_ERRORS, type TransportErrorCode, transportError } from './errors.ts';
export type {
  CloseInfo,
  ConnectionHandler,
  StreamHandlers,
  TransportConnection,
  TransportListener,
  TransportStream,
} from './transport.ts';
