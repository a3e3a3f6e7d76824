import { type CloseInfo, decodeCloseReason } from '@rta/transport';
import { isCertificateAlert } from './errors.ts';
import type { NativeConnection } from './native.ts';

/**
 * How a connection ended that quiche has closed, or undefined while it lives.
 *
 * @param failed quiche refused a packet, which closes the connection where it could not be ignored.
 */
export function nativeCloseInfo(native: NativeConnection, failed: boolean): CloseInfo | undefined {
  if (!failed && !native.isDraining() && !native.isClosed()) return undefined;
  if (native.isTimedOut()) return { by: 'timeout', code: 0, reason: 'nothing was heard of the peer' };
  const fromPeer = native.peerError();
  if (fromPeer !== null) {
    const { isApp, errorCode: code } = fromPeer;
    const reason = decodeCloseReason(Uint8Array.from(fromPeer.reason));
    if (isApp) return { by: 'peer', code, reason };
    // TLS gives no reasons.
    const isRefusal = reason === '' && isCertificateAlert(code);
    return { by: 'transport', code, reason: isRefusal ? 'the peer refused the certificate' : reason };
  }
  const code = native.localError()?.errorCode;
  // quiche has closed, and nobody made a mistake: a stateless reset (RFC 9000 §10.3).
  if (code === undefined) return { by: 'transport', code: 0, reason: 'the peer has lost the connection' };
  return { by: 'transport', code, reason: 'the peer broke the protocol' };
}
