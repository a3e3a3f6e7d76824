import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ChildContract, FromChild, ToChild } from './child-process.ts';

/** What a script does once it has started. */
export interface ChildRole<Contract extends ChildContract> {
  readonly ready: Contract['ready'];
  /** Absent where nothing is ever asked. */
  readonly answer?: (request: Contract['request']) => Promise<Contract['answer']>;
}

/**
 * The main program of a script that a bench starts in a process of its own. It ends with the connection to the
 * bench, whichever way that ends: no process outlives its bench.
 *
 * @param start - takes the options; what it puts into `resources` is closed at the end.
 */
export function runAsChild<Contract extends ChildContract>(
  start: (options: Contract['options'], resources: AsyncDisposableStack) => Promise<ChildRole<Contract>>,
): void {
  const resources = new AsyncDisposableStack();
  let role: ChildRole<Contract> | undefined;

  const onMessage = async (message: ToChild): Promise<FromChild> => {
    if (message.kind === 'start') {
      role = await start(message.options, resources);
      return { kind: 'ready', ready: role.ready };
    }
    if (message.kind === 'cpu') {
      const { user, system } = process.cpuUsage();
      return { kind: 'answer', id: message.id, answer: (user + system) / 1e6 };
    }
    if (message.kind === 'memory') {
      collectGarbage();
      return { kind: 'answer', id: message.id, answer: process.memoryUsage.rss() };
    }
    if (role?.answer === undefined) throw new TypeError('nothing can be asked here');
    return { kind: 'answer', id: message.id, answer: await role.answer(message.request) };
  };
  const reply = async (message: ToChild): Promise<void> => {
    let outcome: FromChild;
    try {
      outcome = await onMessage(message);
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      outcome =
        message.kind === 'start'
          ? { kind: 'not-ready', error: text }
          : { kind: 'no-answer', id: message.id, error: text };
    }
    if (process.connected) process.send?.(outcome);
  };
  process.on('message', (message: ToChild) => void reply(message));
  process.once('disconnect', () => void resources.disposeAsync());
}

/**
 * What is garbage by then depends on chance: without this, memory could not be compared. It also gives back what the
 * engine keeps for itself as long as nobody else wants it.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new TypeError('the engine has no garbage collector to call');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
