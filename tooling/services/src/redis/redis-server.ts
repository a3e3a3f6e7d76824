import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunningRedis, startRedisProcess } from './redis-process.ts';

/** What a Redis is started with. */
export interface RedisOptions {
  /**
   * `none` (the default) forgets everything when it ends; `always` has each write on the disk before it answers;
   * `everysec` may lose a second.
   */
  readonly persistence?: 'none' | 'always' | 'everysec';
  /** The password of the user `default`, who may do everything. */
  readonly password?: string;
  /** Further users, as lines of an ACL file: `agent on >secret ~* +@all -config`. */
  readonly users?: readonly string[];
  /** Certificates, as PEM: connections are by TLS then, and need no certificate of the client. */
  readonly tls?: { readonly certificate: string; readonly privateKey: string; readonly authority: string };
  /** Further lines of the configuration: `{ maxmemory: '8mb' }`. */
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * Starts a Redis with a folder of its own. It ends with the process that started it, however that ends.
 *
 * @throws RtaError `RTA_SERVICES_UNAVAILABLE` where there is none, `RTA_SERVICES_START` where it does not start.
 */
export function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const { persistence = 'none', password, users = [], tls, config = {} } = options;
  return startRedisProcess({
    async configure(port, folder) {
      const lines = [
        'save ""',
        // Replicas get the data over the connection at once, instead of five seconds later.
        'repl-diskless-sync yes',
        'repl-diskless-sync-delay 0',
      ];
      if (tls === undefined) lines.push(`port ${port}`);
      else lines.push('port 0', `tls-port ${port}`, 'tls-auth-clients no', ...(await tlsLines(tls, folder)));
      if (persistence !== 'none') lines.push('appendonly yes', `appendfsync ${persistence}`);
      if (password !== undefined) lines.push(`requirepass ${password}`, `masterauth ${password}`);
      for (const user of users) lines.push(`user ${user}`);
      for (const [name, value] of Object.entries(config)) lines.push(`${name} ${value}`);
      return lines;
    },
    args: [],
    ready: 'Ready to accept connections',
    password,
    authority: tls?.authority,
  });
}

async function tlsLines(tls: NonNullable<RedisOptions['tls']>, folder: string): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const [directive, pem] of [
    ['tls-cert-file', tls.certificate],
    ['tls-key-file', tls.privateKey],
    ['tls-ca-cert-file', tls.authority],
  ] as const) {
    const file = join(folder, `${directive}.pem`);
    await writeFile(file, pem, { mode: 0o600 });
    lines.push(`${directive} ${file}`);
  }
  return lines;
}
