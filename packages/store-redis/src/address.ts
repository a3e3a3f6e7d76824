/** Where a Redis is, and as whom. */
export interface RedisAddress {
  /**
   * `redis://` or, for TLS, `rediss://`; with `user:password@` and the number of a database where there are any. Of a
   * cluster any node will do. With `sentinels`, the host is the name that they know the primary by.
   */
  readonly url: string;
  /** PEM. Without an authority, those that Node trusts. */
  readonly tls?: {
    readonly authority?: string;
    readonly certificate?: string;
    readonly privateKey?: string;
  };
  /** Who knows which server is the primary. They are asked anew for each connection. */
  readonly sentinels?: {
    readonly addresses: readonly { readonly host: string; readonly port: number }[];
    /** Of the sentinels themselves. */
    readonly password?: string;
  };
}

/** Where a server listens. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** A URL of Redis, taken apart. */
export interface RedisUrl extends HostAndPort {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly isTls: boolean;
}

/** Reads `host:port`, as a cluster writes it; an empty host is the one that was asked. */
export function parseMove(text: string, asked: string): HostAndPort | undefined {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(text) ?? [];
  if (port === '') return undefined;
  return { host: host === '' ? asked : host, port: Number(port) };
}

/** @throws TypeError for what is no such URL; it is not shown, since it may hold a password. */
export function parseRedisUrl(text: string): RedisUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '' || url.search !== '' || url.hash !== '') throw notOne();
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') throw notOne();
  if (!/^\/?\d{0,4}$/.test(url.pathname)) throw notOne();
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 6379 : Number(url.port),
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    database: Number(url.pathname.slice(1)),
    isTls: url.protocol === 'rediss:',
  };
}

function notOne(): TypeError {
  return new TypeError('expected redis://[user:password@]host[:port][/database], or the same with rediss://');
}
