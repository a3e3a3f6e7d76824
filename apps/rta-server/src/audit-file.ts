import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createWriteStream } from 'node:fs';
import { auditChannel } from '@rta/server';
import type { AuditRow } from '@rta/store';
import type { Logger } from 'pino';
import { appError } from './errors.ts';

/** A copy of the audit log as JSON Lines: `{"hash": …, "record": …}`. */
export interface AuditFile {
  /** Resolves when everything was written. */
  close(): Promise<void>;
}

/**
 * Writes the audit log to a file, from its end on. Readable by its owner only.
 *
 * @throws RtaError `RTA_CONFIG_FILE` where the file cannot be opened.
 */
export async function openAuditFile(path: string, logger: Logger): Promise<AuditFile> {
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve());
    stream.once('error', (cause) => reject(appError('RTA_CONFIG_FILE', `cannot write ${path}`, { cause })));
  });
  stream.on('error', (error) =>
    logger.error({ file: path, code: error.name }, 'the audit file cannot be written'),
  );

  const onRow = (message: unknown): void => {
    const { hash, line } = message as AuditRow;
    stream.write(`{"hash":${JSON.stringify(hash)},"record":${line}}\n`);
  };
  subscribe(auditChannel.name, onRow);
  return {
    close() {
      unsubscribe(auditChannel.name, onRow);
      return new Promise((resolve) => {
        stream.end(resolve);
      });
    },
  };
}
