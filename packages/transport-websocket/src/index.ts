export type { WebSocketDiagnostic, WebSocketRefusal } from './diagnostics.ts';
export { type DialWebSocketOptions, dialWebSocket } from './dial.ts';
export { WEBSOCKET_ERRORS, type WebSocketErrorCode } from './errors.ts';
export { WEBSOCKET_LIMITS } from './limits.ts';
export { type ListenWebSocketOptions, listenWebSocket } from './listen.ts';
