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
      /** A client is at another address, and has proved it. */
      readonly fact: 'migrated';
      readonly connectionId: string;
      readonly remoteAddress: string;
      readonly previousAddress: string;
    }
  | {
      /**
       * A client was turned away: the listener holds as many connections or handshakes as it may, of all clients or
       * of this client's address or network; or the token of a Retry packet came too late or from elsewhere.
       */
      readonly fact: 'refused';
      readonly remoteAddress: string;
      readonly because: 'connections' | 'handshakes' | 'address' | 'network' | 'token';
    }
  | {
      /** `retry`: a client was asked to prove its address. `reset`: one was told that its connection is forgotten. */
      readonly fact: 'retry' | 'reset';
      readonly remoteAddress: string;
    };

export const quicDiagnostics = diagnostics<QuicDiagnostic>('transport-quic');
