import { type Diagnostics, diagnostics } from '@rta/core';

/** What a sender publishes on the diagnostics channel `rta:ssf-sender`. */
export type SenderDiagnostic = { readonly issuer: string } & (
  | { readonly fact: 'opened'; readonly pendingCount: number }
  | {
      /** The connection ended, or did not come about; another one is tried after the delay. */
      readonly fact: 'lost';
      readonly because: string;
      readonly retryInMs: number;
      readonly pendingCount: number;
    }
  | { readonly fact: 'refused'; readonly jti: string; readonly err: string }
  | {
      /** An acknowledged SET could not be taken out of the outbox: it will be sent once more after a restart. */
      readonly fact: 'outbox-failed';
      readonly because: string;
    }
);

export const senderChannel: Diagnostics<SenderDiagnostic> = diagnostics('ssf-sender');

/** What a diagnostic says of an error: its code, or its kind where it has none. */
export function codeOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.name;
  return typeof error;
}
