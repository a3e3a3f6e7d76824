export type { RetryPolicy } from './admission.ts';
export type { EarlyData } from './connection-options.ts';
export type { QuicDiagnostic } from './diagnostics.ts';
export type { DialOptions, QuicClientConnection } from './dial.ts';
export {
  createQuicDialer,
  type DialQuicOptions,
  dialQuic,
  type QuicDialer,
  type QuicDialerOptions,
} from './dialer.ts';
export { QUIC_LIMITS } from './limits.ts';
export { type ListenQuicOptions, listenQuic } from './listen.ts';
export type { QlogOpener, QlogSink, QlogSubject } from './qlog.ts';
export { qlogFiles } from './qlog-files.ts';
