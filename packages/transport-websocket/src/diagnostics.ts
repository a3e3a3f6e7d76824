import { diagnostics } from '@rta/core';
import type { CloseInfo } from '@rta/transport';
import type { WebSocketErrorCode } from './errors.ts';

/** Why a client was turned away before it had a connection. */
export type WebSocketRefusal =
  /** The listener holds as many connections, or handshakes, as it may. */
  | 'connections'
  | 'handshakes'
  /** TLS, the upgrade or SETTINGS did not come about, or not in time. */
  | 'tls'
  | 'timeout'
  | 'settings'
  /** What the upgrade asked for, or who asked. */
  | 'path'
  | 'upgrade'
  | 'origin'
  | 'subprotocol'
  | 'client-certificate';

/** What a listener publishes on the diagnostics channel `rta:transport-websocket`. */
export type WebSocketDiagnostic =
  | { readonly fact: 'opened'; readonly connectionId: string; readonly remoteAddress: string }
  | {
      readonly fact: 'closed';
      readonly connectionId: string;
      readonly remoteAddress: string;
      readonly by: CloseInfo['by'];
      readonly code: number;
      /** What was wrong, where a side broke the protocol. */
      readonly fault?: WebSocketErrorCode;
    }
  | { readonly fact: 'refused'; readonly remoteAddress: string; readonly because: WebSocketRefusal };

export const webSocketDiagnostics = diagnostics<WebSocketDiagnostic>('transport-websocket');
