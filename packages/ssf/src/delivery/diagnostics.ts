import { type Diagnostics, diagnostics } from '@rta/core';

/** What happened to a connection that brings SETs, as published on the diagnostics channel `rta:ssf.quic`. */
export type SetDeliveryDiagnostics = {
  readonly connectionId: string;
  readonly remoteAddress: string;
} & (
  | { readonly fact: 'opened'; readonly issuer: string }
  /** The sender is not who it says; or it said nothing that can be named. */
  | { readonly fact: 'refused' }
  /** This side ends the connection, for the sender broke the protocol or kept it waiting. */
  | { readonly fact: 'broken-off'; readonly code: number; readonly reason: string }
  /** This side ends the connection, for events cannot be taken now. The sender comes again. */
  | { readonly fact: 'unavailable'; readonly because: string }
);

export const quicChannel: Diagnostics<SetDeliveryDiagnostics> = diagnostics('ssf.quic');
