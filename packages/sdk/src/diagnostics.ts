import { diagnostics } from '@rta/core';
import type { TransportConnection } from '@rta/transport';

type Kind = TransportConnection['kind'];

/** What the SDK publishes on the diagnostics channel `rta:sdk`. */
export type SdkDiagnostic =
  | {
      /** A connection came about over another transport than the first choice. */
      readonly fact: 'fallback';
      readonly from: Kind;
      readonly to: Kind;
      /** Code of the error that the first choice failed with; `slow` where it had not answered yet. */
      readonly because: string;
    }
  | {
      /** QUIC cannot be had on this platform; said once per process. */
      readonly fact: 'quic-unavailable';
      readonly because: string;
    }
  | {
      /** A client goes on over another connection, with all its sessions. */
      readonly fact: 'moved';
      readonly from: Kind;
      readonly to: Kind;
      readonly sessionCount: number;
    }
  | {
      /** A move did not come about; the sessions stayed where they were. */
      readonly fact: 'not-moved';
      readonly to: Kind;
      readonly because: string;
    }
  | {
      /** A ticket store of the application failed; the connection does without it. */
      readonly fact: 'ticket-store-failed';
      readonly because: string;
    };

export const sdkDiagnostics = diagnostics<SdkDiagnostic>('sdk');

/** What a diagnostic says of an error: its code, or its kind where it has none. */
export function codeOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.name;
  return typeof error;
}
