import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { CommitAnswer, CommitRequest } from './commit-worker.ts';
import type { EnvironmentPlace } from './environment.ts';
import type { Write } from './layout.ts';

/** Writes transactions to the disk, one after another, in a thread of its own. */
export interface CommitThread {
  /**
   * Commits all of these or none. One at a time: the next one is given when this one has ended.
   *
   * @throws Error with LMDB's `code`, or without one where the thread is gone.
   */
  commit(writes: readonly Write[]): Promise<void>;
  /** Ends the thread, after what it is committing. */
  close(): Promise<void>;
}

/** Starts the thread. */
export function startCommitThread(place: EnvironmentPlace): CommitThread {
  // A source runs as it is; a package runs what was compiled of it.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./commit-worker.${extension}`, import.meta.url), {
    workerData: place,
    // It loads LMDB and nothing else, whatever the process was started with.
    execArgv: [],
  });
  const request = (message: CommitRequest): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    worker.postMessage(message);
  };
  let waiting: PromiseWithResolvers<void> | undefined;
  let gone: Error | undefined;

  const settle = (failure: Error | undefined): void => {
    const { resolve, reject } = waiting ?? {};
    waiting = undefined;
    // What waits for the disk keeps the process alive; a store at rest does not.
    worker.unref();
    if (failure === undefined) resolve?.();
    else reject?.(failure);
  };

  worker.on('message', ({ failure }: CommitAnswer) => {
    settle(failure && Object.assign(new Error(failure.message), { code: failure.code }));
  });
  worker.on('error', (error) => {
    gone = error;
  });
  worker.on('exit', () => {
    gone ??= new Error('the thread that writes has ended');
    settle(gone);
  });
  worker.unref();

  return {
    async commit(writes) {
      if (gone !== undefined) throw gone;
      waiting = Promise.withResolvers<void>();
      worker.ref();
      request(writes);
      await waiting.promise;
    },
    async close() {
      if (gone !== undefined) return;
      worker.ref();
      request('close');
      await once(worker, 'exit');
    },
  };
}
