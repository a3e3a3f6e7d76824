import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { RedisStoreDiagnostic } from '../src/index.ts';

/** What stores told, from now on, until it is disposed of. */
export interface Heard extends Disposable {
  readonly messages: readonly RedisStoreDiagnostic[];
  /** Resolves when a store tells, or has told, this of the node. */
  of(kind: RedisStoreDiagnostic['kind'], node: string): Promise<RedisStoreDiagnostic>;
}

/** Listens to what the stores of this process tell. */
export function listen(): Heard {
  const messages: RedisStoreDiagnostic[] = [];
  const watchers = new Set<() => void>();
  const take = (message: unknown): void => {
    messages.push(message as RedisStoreDiagnostic);
    for (const watcher of watchers) watcher();
  };
  subscribe('rta:store-redis', take);
  return {
    messages,
    of: (kind, node) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = messages.find((message) => message.kind === kind && message.node === node);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
    [Symbol.dispose]: () => void unsubscribe('rta:store-redis', take),
  };
}
