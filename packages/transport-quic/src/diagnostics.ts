import { diagnostics } from '@rta/core';
import type { CloseInfo } from '@rta/transport';

/** What a listener publishes on the diagnostics channel `rta:transport-quic`. */
export type QuicDiagnostic =
  | { readonly fact: 'opened'; readonly connectionId: string; readonly remoteAddress: string }
  | {
      readonly fact: 'closed' | 'handshake-failed';
      readonly connectionId: string;
      readonly remoteAddress: string;
      readonly by: CloseInfo['by'];
      readonly code: number;
    }
  | {
      /** A client was turned away: the listener holds as many connections, or handshakes, as it may. */
      readonly fact: 'refused';
      readonly remoteAddress: string;
      readonly because: 'connections' | 'handshakes';
    };

export const quicDiagnostics = diagnostics<QuicDiagnostic>('transport-quic');
