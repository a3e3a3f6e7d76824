import { type Diagnostics, diagnostics, type RtaError } from '@rta/core';
import type { NoEffect } from './authority.ts';
import type { SsfErrorCode } from './errors.ts';

/** How one push ended. */
export type PushOutcome =
  | { readonly outcome: 'accepted' | 'duplicate' }
  /** Acknowledged, and changed nothing. */
  | { readonly outcome: 'no-effect'; readonly why: NoEffect }
  /** Answered with an error. The error's `cause` may say more than the transmitter was told. */
  | { readonly outcome: 'refused'; readonly error: RtaError<SsfErrorCode> };

/** What was known of the token when its push was answered; nothing of it is known before it was verified. */
export interface PushFacts {
  /** Issuer of the registered transmitter that the token names. */
  readonly issuer?: string;
  readonly jti?: string;
  readonly eventType?: string;
  readonly durationMs: number;
}

/** One push, as published on the diagnostics channel `rta:ssf.push`. */
export type PushDiagnostics = PushFacts & PushOutcome;

export const pushChannel: Diagnostics<PushDiagnostics> = diagnostics('ssf.push');
