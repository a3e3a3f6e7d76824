import { createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { transportError } from '@rta/transport';
import { QUIC_LIMITS } from './limits.ts';
import type { QlogOpener } from './qlog.ts';

/**
 * Writes a file `<role>-<connection id>.sqlog` for each connection into a directory, which is made where it is not
 * there. When the disk does not keep up, what is left of that trace is dropped: a trace never holds up a connection.
 *
 * @param onError told once for each trace that could not be written to its end.
 * @throws RtaError `RTA_TRANSPORT_CONFIG` where the directory cannot be made.
 */
export function qlogFiles(directory: string, onError: (error: Error) => void = () => {}): QlogOpener {
  try {
    // Traces show who talks to whom, and when.
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw transportError('RTA_TRANSPORT_CONFIG', 'the directory for qlog cannot be made', {
      details: { option: 'qlog', directory },
      cause,
    });
  }
  return ({ connectionId, role }) => {
    const file = createWriteStream(join(directory, `${role}-${connectionId}.sqlog`), { mode: 0o600 });
    let isBroken = false;
    const giveUp = (error: Error): void => {
      if (!isBroken) onError(error);
      isBroken = true;
      file.destroy();
    };
    file.on('error', giveUp);
    return {
      write(record) {
        if (isBroken) return;
        file.write(record);
        if (file.writableLength > QUIC_LIMITS.maxQlogBacklogBytes) {
          giveUp(new Error(`the disk is too slow for a trace (${role}-${connectionId})`));
        }
      },
      end() {
        if (!isBroken) file.end();
      },
    };
  };
}
