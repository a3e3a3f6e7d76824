import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { netlabError } from './errors.ts';
import { memberOf } from './json-member.ts';
import { NETLAB_LIMITS } from './limits.ts';
import type { FullProfile } from './profile.ts';

/** What the relay is started with. */
export interface RelaySetup {
  readonly seed: string;
  readonly clientAddresses: readonly string[];
  readonly serverAddresses: readonly string[];
}

/** What the relay can be told. */
export type RelayCommand =
  | {
      readonly command: 'profile';
      readonly directions: readonly ('up' | 'down')[];
      readonly profile: FullProfile;
    }
  | { readonly command: 'rebind'; readonly address?: string }
  | { readonly command: 'block-udp'; readonly isBlocked: boolean }
  | { readonly command: 'stats' };

/** The relay, which has made both namespaces. */
export interface RelayProcess {
  readonly clientNamespace: string;
  readonly serverNamespace: string;
  /** The network device of each. */
  readonly device: string;
  /** @throws RtaError `RTA_NETLAB_CLOSED` once the relay has ended. */
  ask(command: RelayCommand): Promise<unknown>;
  /**
   * Lets the relay delete its namespaces and end.
   *
   * @throws RtaError `RTA_NETLAB_CLOSED` where it ended otherwise: the next laboratory deletes what it left.
   */
  close(): Promise<void>;
}

const RELAY = fileURLToPath(new URL('../relay/main.py', import.meta.url));

/** The relay's first words are the answer to its setup. */
const SETUP_ID = 0;

/**
 * Starts the relay and waits until there is something to relay between.
 *
 * @throws RtaError `RTA_NETLAB_SETUP`, or the reason of the signal.
 */
export async function startRelay(setup: RelaySetup, signal?: AbortSignal): Promise<RelayProcess> {
  signal?.throwIfAborted();
  const { maxWaitingPackets, maxDevicePackets, firstNatPort, lastNatPort } = NETLAB_LIMITS;
  const limits = { maxWaitingPackets, maxDevicePackets, firstNatPort, lastNatPort };
  // -B: no compiled files beside the sources.
  const args = ['-B', RELAY, JSON.stringify({ id: SETUP_ID, ...setup, ...limits })];
  const relay = spawn('python3', args, { stdio: ['pipe', 'pipe', 'pipe'] });

  const ready = Promise.withResolvers<unknown>();
  const ended = Promise.withResolvers<number | string | null>();
  const asked = new Map([[SETUP_ID, ready]]);
  let nextId = SETUP_ID + 1;
  let complaints = '';
  let hasEnded = false;

  createInterface({ input: relay.stdout }).on('line', (line) => {
    const answer: unknown = JSON.parse(line);
    const id = Number(memberOf(answer, 'id'));
    asked.get(id)?.resolve(memberOf(answer, 'result'));
    asked.delete(id);
  });
  relay.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-NETLAB_LIMITS.complaintCharacters);
  });
  const howItEnded = (code: number | string | null): string =>
    `the relay has ended with ${String(code)}: ${complaints.trim().split('\n').at(-1) ?? ''}`;
  const end = (code: number | string | null): void => {
    hasEnded = true;
    for (const [id, { reject }] of asked) {
      reject(netlabError(id === SETUP_ID ? 'RTA_NETLAB_SETUP' : 'RTA_NETLAB_CLOSED', howItEnded(code)));
    }
    asked.clear();
    ended.resolve(code);
  };
  relay.once('close', (code, killedBy) => end(code ?? killedBy));
  relay.once('error', (cause) => {
    complaints = String(cause);
    end(null);
  });
  // That it takes no more commands because it has ended is told by `end`.
  relay.stdin.on('error', () => undefined);

  const close = async (): Promise<void> => {
    const killer = setTimeout(() => relay.kill('SIGKILL'), NETLAB_LIMITS.closeTimeoutMs);
    relay.stdin.end();
    const code = await ended.promise;
    clearTimeout(killer);
    if (code !== 0) throw netlabError('RTA_NETLAB_CLOSED', howItEnded(code));
  };

  const abort = (): void => ready.reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const made = await ready.promise;
    return {
      clientNamespace: String(memberOf(made, 'client')),
      serverNamespace: String(memberOf(made, 'server')),
      device: String(memberOf(made, 'device')),
      ask(command) {
        if (hasEnded) return Promise.reject(netlabError('RTA_NETLAB_CLOSED'));
        const answer = Promise.withResolvers<unknown>();
        const id = nextId;
        nextId += 1;
        asked.set(id, answer);
        relay.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
        return answer.promise;
      },
      close,
    };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
