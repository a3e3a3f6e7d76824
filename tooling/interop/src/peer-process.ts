import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Mailbox } from './mailbox.ts';
import type { Command } from './toolchains.ts';

/** What a peer can be asked: the same words for every implementation, though not every one knows them all. */
export type PeerCommand =
  | { readonly command: 'connect'; readonly early?: string }
  | { readonly command: 'talk'; readonly text: string }
  | { readonly command: 'exchange'; readonly count: number; readonly bytes: number }
  | { readonly command: 'break'; readonly code: number }
  | { readonly command: 'close'; readonly code: number; readonly reason: string }
  | {
      readonly command:
        | 'accept'
        | 'broken'
        | 'closed'
        | 'update-keys'
        | 'change-id'
        | 'ids'
        | 'mtu'
        | 'rebind';
    }
  | { readonly command: 'address' | 'forget-tickets' };

/** What a peer answers. `ok` is false where its connection ended instead; then it says how. */
export interface PeerAnswer {
  readonly ok: boolean;
  readonly [name: string]: unknown;
}

/** A peer that has not answered for this long never will; no case takes a tenth of it. */
const ANSWER_MS = 15_000;

/** The end of what a peer wrote to standard error is shown where it fails. */
const COMPLAINT_CHARACTERS = 4_096;

/** A peer, in a process of its own. */
export class PeerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers = new Mailbox<PeerAnswer>();
  readonly #failed: Promise<never>;
  #complaints = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    const { promise, reject } = Promise.withResolvers<never>();
    this.#failed = promise;
    this.#failed.catch(() => {});
    child.on('error', reject);
    child.once('close', (code, signal) => {
      reject(new Error(`the peer has ended with ${String(code ?? signal)}: ${this.#complaints}`));
    });
    // What is written to a process that has ended fails; that it has ended is known otherwise.
    child.stdin?.on('error', () => {});
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaints = (this.#complaints + text).slice(-COMPLAINT_CHARACTERS);
    });
    if (child.stdout === null) throw new TypeError('expected a pipe');
    createInterface(child.stdout).on('line', (line) => this.#answers.put(JSON.parse(line) as PeerAnswer));
  }

  /**
   * Starts a peer.
   *
   * @returns the peer, and the port of a server.
   * @throws Error with what it wrote to standard error, where it ends instead.
   */
  static async start(
    [program, ...first]: Command,
    args: readonly string[],
  ): Promise<{ readonly peer: PeerProcess; readonly port: number }> {
    const peer = new PeerProcess(spawn(program, [...first, ...args], { stdio: 'pipe' }));
    const { port } = await peer.#answer();
    return { peer, port: Number(port) };
  }

  /**
   * Has the peer do something; one thing at a time.
   *
   * @throws Error where it does not answer in time, or has ended.
   */
  ask(command: PeerCommand): Promise<PeerAnswer> {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    return this.#answer();
  }

  /** Ends the process at once, without a word to the other side. Idempotent. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }

  async #answer(): Promise<PeerAnswer> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new Error(`the peer does not answer: ${this.#complaints}`)),
      ANSWER_MS,
    );
    try {
      return await Promise.race([this.#answers.next(), this.#failed, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
