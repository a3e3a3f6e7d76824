import { type Diagnostics, diagnostics } from '@rta/core';
import type { StreamStatus } from '../transmitter/stream.ts';

/** How a stream is that is kept at a transmitter, as published on `rta:ssf.kept-stream` when `status` or `code` changes. */
export interface KeptStreamDiagnostics {
  readonly issuer: string;
  /** Absent before the stream is there. */
  readonly streamId?: string;
  /** As the transmitter said it last. */
  readonly status?: StreamStatus;
  /** Code of what is wrong now; absent where nothing is. */
  readonly code?: string;
}

export const keptStreamChannel: Diagnostics<KeptStreamDiagnostics> = diagnostics('ssf.kept-stream');
