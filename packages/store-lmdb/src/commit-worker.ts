// Runs in a thread of its own, which waits for the disk so that the event loop of the node does not.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type Environment, type EnvironmentPlace, openEnvironment } from './environment.ts';
import type { Write } from './layout.ts';

/** What the thread is asked for: one transaction, or its end. */
export type CommitRequest = readonly Write[] | 'close';

/** What it answers: undefined where all is on the disk, else why nothing was written. */
export interface CommitAnswer {
  readonly failure: { readonly code: number | string | undefined; readonly message: string } | undefined;
}

function commit({ root, databases }: Environment, writes: readonly Write[]): void {
  root.transactionSync(() => {
    for (const { database, key, value } of writes) {
      if (value === undefined) databases[database].removeSync(Buffer.from(key));
      else databases[database].putSync(Buffer.from(key), value);
    }
  });
}

function answer(run: () => void): CommitAnswer {
  try {
    run();
    return { failure: undefined };
  } catch (error) {
    const { code, message } = error as Error & { code?: number | string };
    return { failure: { code, message } };
  }
}

function serve(port: MessagePort, place: EnvironmentPlace): void {
  const environment = openEnvironment(place);
  port.on('message', (request: CommitRequest) => {
    if (request === 'close') void environment.root.close().then(() => port.close());
    else port.postMessage(answer(() => commit(environment, request)));
  });
}

if (parentPort !== null) serve(parentPort, workerData as EnvironmentPlace);
