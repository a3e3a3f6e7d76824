import { diagnostics } from '@rta/core';

/** What a store in Redis tells on the channel `rta:store-redis`. */
export type RedisStoreDiagnostic =
  | {
      readonly kind: 'connected';
      readonly node: string;
      /** Whether this Redis has every write on its disk before it acknowledges it. */
      readonly durable: boolean;
    }
  | { readonly kind: 'disconnected'; readonly node: string }
  | {
      /** An attempt to connect again has failed; others follow. */
      readonly kind: 'unreachable';
      readonly node: string;
      readonly code: string;
      readonly message: string;
    }
  | {
      /** Redis has less than it had acknowledged. This store refuses everything from now on. */
      readonly kind: 'lost';
      readonly node: string;
      /** What `acceptLoss` must be for the store to open again. */
      readonly lossId: string;
    };

/** The channel; applications subscribe to it by its name. */
export const redisStoreDiagnostics = diagnostics<RedisStoreDiagnostic>('store-redis');
