import { FRAME, type Frame, type FrameType, protocolError } from '@rta/protocol';
import type { TransportConnection } from '@rta/transport';

/** What does no harm when it is a copy: HELLO opens nothing, RESUME counts once, AUTHORIZE needs it to have counted. */
const EARLY_FRAMES: ReadonlySet<FrameType> = new Set([FRAME.hello, FRAME.resume, FRAME.authorize]);

/**
 * Refuses what may not come before the handshake is complete.
 *
 * @throws RtaError `RTA_PROTOCOL_UNEXPECTED_FRAME`
 * @see docs/spec/protocol.md P-9.1
 */
export function assertMayBeEarly(connection: TransportConnection, { type }: Frame): void {
  if (!connection.isEarly || EARLY_FRAMES.has(type)) return;
  throw protocolError('RTA_PROTOCOL_UNEXPECTED_FRAME', 'the frame may not be early data', {
    details: { type },
  });
}
