#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { isRtaError } from '@rta/core';
import { pino } from 'pino';
import { runAdmin } from './admin/command.ts';
import { runAudit } from './audit/command.ts';
import { loadConfig } from './config.ts';
import { remedyOf } from './errors.ts';
import { parseKeysCommand, runKeysCommand } from './keys-command.ts';
import { runSsf } from './ssf/command.ts';

const HELP = `rta-server: live authorization for AI agents

Usage
  rta-server start [--config FILE]         start a server
  rta-server config check [--config FILE]  check a configuration, start nothing
  rta-server keys list                     the keys that sign tokens, and what is wrong with their folder
  rta-server keys create                   make the folder and its first key
  rta-server keys rotate [--now]           announce the next key; with --now, let it sign at once
  rta-server keys retire KEYID             refuse tokens of a key before its time
  rta-server keys revoke KEYID --reason TEXT
                                           after a leak: refuse its tokens and replace those of live sessions
  rta-server audit verify|query|export     read and check the audit log; see rta-server audit --help
  rta-server admin COMMAND                 stop agents, read receipts, approve; see rta-server admin --help
  rta-server ssf streams|verify            streams of security events; see rta-server ssf --help
  rta-server --help | --version

Options
  --config FILE   YAML; $RTA_CONFIG, else rta.yaml. \${NAME} in it stands for an environment variable.
                  The folder of keys is its tokens.keyFolder.
  --json          what a keys command did, as JSON

Environment
  RTA_QLOG        a folder: QUIC connections are traced there as qlog, a file each, for the usual viewers

Examples
  rta-server start --config /etc/rta/rta.yaml
  RTA_CONFIG=rta.yaml IDP_SECRET=… rta-server config check
  rta-server keys list --config /etc/rta/rta.yaml --json
  rta-server keys revoke 3 --reason 'the backup of May was stolen'

A server that was told to stop (SIGTERM, SIGINT) sends its agents elsewhere first; SIGHUP makes it read its certificate
anew; changed keys it sees by itself, within two seconds. Exit codes: 0 done, 1 failed, 2 not understood.
`;

async function start(file: string): Promise<void> {
  const config = await loadConfig(file, process.env);
  const logger = pino({ level: config.log.level });
  const qlogFolder = process.env['RTA_QLOG'];
  // Loaded here, so that the commands that stop agents start at once.
  const { startServer } = await import('./running-server.ts');
  const server = await startServer(config, logger, qlogFolder === undefined ? {} : { qlogFolder });
  const { node, httpPort, agentsPort, transports } = server;
  logger.info({ node, issuer: config.issuer, httpPort, agentsPort, transports }, 'started');

  const stop = (signal: string): void => {
    logger.info({ signal }, 'stopping');
    server
      .close()
      .then(() => logger.info('stopped'))
      .catch((error: unknown) => {
        logger.error(error, 'could not stop cleanly');
        process.exitCode = 1;
      });
  };
  process.on('SIGHUP', () => void server.reloadCertificate());
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

async function main(): Promise<number> {
  const [first, ...rest] = process.argv.slice(2);
  if (first === 'audit') return runAudit(rest, process.env);
  if (first === 'admin') return runAdmin(rest, process.env);
  if (first === 'ssf') return runSsf(rest, process.env);
  const { values, positionals } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      now: { type: 'boolean', default: false },
      reason: { type: 'string' },
      config: { type: 'string', default: process.env['RTA_CONFIG'] ?? 'rta.yaml' },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (values.version) {
    const { default: manifest } = (await import('../package.json', { with: { type: 'json' } })) as {
      default: { version: string };
    };
    process.stdout.write(`${manifest.version}\n`);
    return 0;
  }
  const [group, ...words] = positionals;
  if (group === 'keys') {
    const command = parseKeysCommand({ words, now: values.now, reason: values.reason });
    if (command === undefined) return notUnderstood();
    const { tokens } = await loadConfig(values.config, process.env);
    const { text, json, failed } = await runKeysCommand(command, tokens);
    process.stdout.write(values.json ? `${JSON.stringify(json)}\n` : text);
    return failed ? 1 : 0;
  }
  if (values.json || values.now || values.reason !== undefined) return notUnderstood();
  switch (positionals.join(' ')) {
    case 'start':
      await start(values.config);
      return 0;
    case 'config check':
      await loadConfig(values.config, process.env);
      process.stdout.write(`${values.config} is good\n`);
      return 0;
    default:
      return notUnderstood();
  }
}

function notUnderstood(): number {
  process.stderr.write(HELP);
  return 2;
}

try {
  process.exitCode = await main();
} catch (error) {
  // Whatever stops the start is told in one place, with what to do about it.
  const code = isRtaError(error) ? `${error.code}: ` : '';
  process.stderr.write(`rta-server: ${code}${error instanceof Error ? error.message : String(error)}\n`);
  const remedy = remedyOf(error);
  if (remedy !== undefined) process.stderr.write(`What to do: ${remedy}\n`);
  process.exitCode = error instanceof TypeError && 'code' in error ? 2 : 1;
}
