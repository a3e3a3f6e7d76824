import { type Diagnostics, diagnostics, type RtaError } from '@rta/core';
import type { SsfErrorCode } from '../errors.ts';
import type { Inlet, ReceivedEvent } from './received-event.ts';
import type { OutOfScope } from './scope.ts';

/** Why an event that was verified did not reach `accept`. `stream`: it is about the stream itself. */
export type NoEffect = 'event-type-not-allowed' | 'stream' | OutOfScope;

/** How one token ended. */
export type SetOutcome =
  | { readonly outcome: 'accepted' | 'duplicate' }
  /** Acknowledged, and changed nothing: see {@link NoEffect}, or what `accept` said. */
  | { readonly outcome: 'no-effect'; readonly why: string }
  /** Answered with an error. The error's `cause` may say more than the transmitter was told. */
  | { readonly outcome: 'refused'; readonly error: RtaError<SsfErrorCode> };

/** What was known of the token at its end; nothing of it is known before it was verified. */
export interface SetFacts {
  readonly way: Inlet['way'];
  /** Issuer of the registered transmitter that the token names. */
  readonly issuer?: string;
  readonly jti?: string;
  readonly eventType?: string;
  readonly durationMs: number;
}

/** One token, as published on the diagnostics channel `rta:ssf.set`. */
export type SetDiagnostics = SetFacts & SetOutcome;

export const setChannel: Diagnostics<SetDiagnostics> = diagnostics('ssf.set');

/** A verification event, or one that a stream was paused, disabled or enabled, on the channel `rta:ssf.stream`. */
export const streamChannel: Diagnostics<ReceivedEvent> = diagnostics('ssf.stream');
