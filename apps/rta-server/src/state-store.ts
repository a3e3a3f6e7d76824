import type { Clock } from '@rta/core';
import { createMemoryStore, type Store } from '@rta/store';
import { openLmdbStore } from '@rta/store-lmdb';
import type { Logger } from 'pino';
import type { Config } from './config.ts';

/**
 * Opens the store that a configuration names: sessions and what is known of their subjects live on in it when the
 * process does not. Redis is loaded where it is asked for.
 *
 * @param node the name of the node; a store in Redis keeps what it wrote under it.
 * @throws RtaError of the store that cannot be opened.
 */
export async function openStateStore(
  config: Config['store'],
  { node, clock, logger }: { readonly node: string; readonly clock: Clock; readonly logger: Logger },
): Promise<Store> {
  switch (config.kind) {
    case 'lmdb':
      return openLmdbStore({ path: config.folder, clock });
    case 'redis': {
      const { openRedisStore } = await import('@rta/store-redis');
      const { kind: _kind, ...options } = config;
      return openRedisStore({ ...options, node, clock });
    }
    case 'memory':
      logger.warn('the store is in memory: sessions and revocations are forgotten when the process ends');
      return createMemoryStore({ clock });
  }
}
