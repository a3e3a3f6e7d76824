export type { QuicDiagnostic } from './diagnostics.ts';
export { type DialQuicOptions, dialQuic } from './dial.ts';
export { QUIC_LIMITS } from './limits.ts';
export { type ListenQuicOptions, listenQuic } from './listen.ts';
