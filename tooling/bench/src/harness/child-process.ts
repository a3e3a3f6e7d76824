import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';

/** What a script that runs in a process of its own is given, tells, is asked and answers; all of it JSON. */
export interface ChildContract {
  readonly options: unknown;
  /** Told once, when the process can be used. */
  readonly ready: unknown;
  readonly request: unknown;
  readonly answer: unknown;
}

/** A script that runs in a process of its own. */
export interface BenchChild<Contract extends ChildContract> {
  readonly ready: Contract['ready'];
  /** @throws Error with what the process says where it cannot answer, or that it has ended. */
  ask(request: Contract['request']): Promise<Contract['answer']>;
  /** Processor time that the process has taken so far, all its threads together. */
  cpuSeconds(): Promise<number>;
  /** Memory that the process holds, of any kind, once it has thrown away what it does not need. */
  residentBytes(): Promise<number>;
}

/** Where processes run: on this machine, or somewhere in a network laboratory. */
export interface Place {
  /** Runs a script of Node.js as `fork` does. */
  run(script: URL, options: Pick<ForkOptions, 'stdio'>): ChildProcess;
}

const HERE: Place = { run: (script, options) => fork(script, options) };

/** What travels to a child: first its options, then questions; what it takes of the machine is asked too. */
export type ToChild =
  | { readonly kind: 'start'; readonly options: unknown }
  | { readonly kind: 'ask'; readonly id: number; readonly request: unknown }
  | { readonly kind: 'cpu'; readonly id: number }
  | { readonly kind: 'memory'; readonly id: number };

/** What travels back. */
export type FromChild =
  | { readonly kind: 'ready'; readonly ready: unknown }
  | { readonly kind: 'not-ready'; readonly error: string }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'no-answer'; readonly id: number; readonly error: string };

/** How long a process may take to put its things in order, once it is told to end. */
const END_MS = 5_000;

/** Libraries chat on standard error; the end of it is shown where the process fails. */
const COMPLAINT_CHARACTERS = 4_096;

/**
 * Starts a script in a process of its own, and waits until it is ready.
 *
 * @param script - calls `runAsChild` with the same contract.
 * @param resources - ends the process, with everything else that the bench has opened.
 * @param place - where it runs; here by default.
 * @throws Error with what the script says where it ends before that.
 */
export async function startChild<Contract extends ChildContract>(
  script: URL,
  options: Contract['options'],
  resources: AsyncDisposableStack,
  place: Place = HERE,
): Promise<BenchChild<Contract>> {
  const child = place.run(script, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-COMPLAINT_CHARACTERS);
  });
  const ready = Promise.withResolvers<unknown>();
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  let nextId = 1;

  const failAll = (error: Error): void => {
    ready.reject(error);
    for (const { reject } of asked.values()) reject(error);
    asked.clear();
  };
  child.on('message', (message: FromChild) => {
    switch (message.kind) {
      case 'ready':
        ready.resolve(message.ready);
        return;
      case 'not-ready':
        ready.reject(new Error(message.error));
        return;
      case 'answer':
        asked.get(message.id)?.resolve(message.answer);
        asked.delete(message.id);
        return;
      case 'no-answer':
        asked.get(message.id)?.reject(new Error(message.error));
        asked.delete(message.id);
    }
  });
  const ended = Promise.withResolvers<void>();
  child.once('exit', (code) => {
    failAll(new Error(`${script.pathname} has ended with ${String(code)}: ${complaints}`));
    ended.resolve();
  });
  child.on('error', (error) => {
    failAll(error);
    if (child.pid === undefined) ended.resolve();
  });

  resources.defer(async () => {
    const killer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    if (child.connected) child.disconnect();
    await ended.promise;
    clearTimeout(killer);
  });

  const question = (toMessage: (id: number) => ToChild): Promise<unknown> => {
    if (!child.connected) return Promise.reject(new Error(`${script.pathname} has ended`));
    const answer = Promise.withResolvers<unknown>();
    const id = nextId;
    nextId += 1;
    asked.set(id, answer);
    child.send(toMessage(id));
    return answer.promise;
  };

  child.send({ kind: 'start', options } satisfies ToChild);
  return {
    ready: await ready.promise,
    ask: (request) => question((id) => ({ kind: 'ask', id, request })),
    cpuSeconds: async () => Number(await question((id) => ({ kind: 'cpu', id }))),
    residentBytes: async () => Number(await question((id) => ({ kind: 'memory', id }))),
  };
}
