import { type ChildProcess, execFile, type ForkOptions, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { clientAddress, natAddress, SERVER_ADDRESS } from './addresses.ts';
import { netlabAvailability } from './availability.ts';
import { netlabError } from './errors.ts';
import { NETLAB_LIMITS } from './limits.ts';
import { fullProfile, type LinkProfile } from './profile.ts';
import { startRelay } from './relay-process.ts';
import { type NetlabStats, statsFrom } from './stats.ts';

/** One end of the path. */
export type Side = 'client' | 'server';

/** One way along the path: `up` leads from the client to the server, `down` back. */
export type Direction = 'up' | 'down';

/** How a laboratory is opened. */
export interface NetlabOptions {
  /**
   * Decides which packets meet which fate: with the same seed, profile and ratio the n-th packet of a direction is
   * lost, doubled or sent ahead again. Random by default.
   */
  readonly seed?: string;
  /** Gives up when it fires, and rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** How a script is run in a laboratory. */
export interface RunOptions extends Pick<ForkOptions, 'stdio' | 'env' | 'execArgv' | 'signal'> {
  /** What the script finds in `process.argv` after its name. */
  readonly args?: readonly string[];
}

/** A command line that runs in a namespace whatever is put behind its `args`. */
export interface CommandPrefix {
  readonly command: string;
  readonly args: readonly string[];
}

/** Two machines, as the programs on them see it, and the path between them. */
export interface Netlab extends AsyncDisposable {
  /** The client side's first IPv4 address; it sends from it while it has it. */
  readonly clientAddress: string;
  /** The server side's IPv4 address. */
  readonly serverAddress: string;
  /**
   * Sets what the path does to packets that are sent from now on; what is on its way keeps its time. The profile
   * replaces the one before altogether. At first the path is perfect.
   *
   * @param direction - both by default.
   * @throws RangeError for what no link can do.
   */
  setProfile(profile: LinkProfile, direction?: Direction): Promise<void>;
  /**
   * Moves all flows of the client at once, as a NAT does that has lost its table: the server sees what comes next
   * from another port, and what it sends to the former one reaches nobody. Only TCP and UDP get through from then on.
   *
   * @param change - `port` (default) keeps the address; with `address` both are others.
   */
  rebind(change?: 'port' | 'address'): Promise<void>;
  /**
   * Gives the client side one more address.
   *
   * @returns the address.
   * @throws RtaError `RTA_NETLAB_ADDRESS` after `maxClientAddresses`.
   */
  addClientAddress(): Promise<string>;
  /**
   * Takes an address from the client side, as when a network is left: nothing reaches it any more, and sockets that
   * are not bound to it send from the oldest that is left.
   *
   * @throws RtaError `RTA_NETLAB_ADDRESS` where the client does not have it, or no other.
   */
  removeClientAddress(address: string): Promise<void>;
  /** Drops all UDP in both directions, silently as firewalls do, or lets it pass again. */
  blockUdp(isBlocked: boolean): Promise<void>;
  /** What became of the packets so far. */
  stats(): Promise<NetlabStats>;
  /**
   * Runs a script of Node.js on one side, with an IPC channel as by `fork`. It sees the laboratory's network and no
   * other, and the files of this machine. What is left of it is killed when the laboratory closes.
   */
  run(side: Side, script: URL | string, options?: RunOptions): ChildProcess;
  /**
   * How to run anything else on one side: `spawn(command, [...args, 'curl', url])`. Who starts it ends it; the network
   * is taken away from it when the laboratory closes.
   */
  command(side: Side): CommandPrefix;
  /**
   * Kills what `run` has started and deletes both namespaces. Idempotent.
   *
   * @throws RtaError `RTA_NETLAB_CLOSED` where the relay had ended by itself.
   */
  close(): Promise<void>;
}

const execute = promisify(execFile);

/**
 * Opens a laboratory: two network namespaces and a path between them, beside the machine's own network. It ends with
 * the process that opened it, however that ends.
 *
 * @throws RtaError `RTA_NETLAB_UNAVAILABLE`, `RTA_NETLAB_SETUP`, or the reason of the signal.
 */
export async function createNetlab(options: NetlabOptions = {}): Promise<Netlab> {
  const availability = netlabAvailability();
  if (!availability.available) {
    throw netlabError('RTA_NETLAB_UNAVAILABLE', `${availability.because}: ${availability.install}`);
  }
  const firstAddress = clientAddress(1);
  const setup = {
    seed: options.seed ?? randomUUID(),
    clientAddresses: [firstAddress],
    serverAddresses: [SERVER_ADDRESS],
  };
  const relay = await startRelay(setup, options.signal);
  const namespaces = { client: relay.clientNamespace, server: relay.serverNamespace };
  const addresses = new Set([firstAddress]);
  const children = new Set<ChildProcess>();
  let addressesGiven = 1;
  let natAddressesGiven = 0;
  let closing: Promise<void> | undefined;

  const changeAddress = async (change: 'add' | 'delete', address: string): Promise<void> => {
    try {
      await execute('ip', ['-n', namespaces.client, 'address', change, `${address}/32`, 'dev', relay.device]);
    } catch (cause) {
      throw netlabError('RTA_NETLAB_CLOSED', undefined, { cause });
    }
  };
  const command = (side: Side): CommandPrefix => ({
    command: 'ip',
    args: ['netns', 'exec', namespaces[side]],
  });
  const close = async (): Promise<void> => {
    await Promise.all(
      [...children].map((child) => {
        const exited = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        return exited;
      }),
    );
    await relay.close();
  };
  const closeOnce = (): Promise<void> => (closing ??= close());

  return {
    clientAddress: firstAddress,
    serverAddress: SERVER_ADDRESS,
    async setProfile(profile, direction) {
      const directions = direction === undefined ? (['up', 'down'] as const) : [direction];
      await relay.ask({ command: 'profile', profile: fullProfile(profile), directions });
    },
    async rebind(change = 'port') {
      if (change === 'port') {
        await relay.ask({ command: 'rebind' });
        return;
      }
      natAddressesGiven += 1;
      await relay.ask({ command: 'rebind', address: natAddress(natAddressesGiven) });
    },
    async addClientAddress() {
      if (addressesGiven >= NETLAB_LIMITS.maxClientAddresses) {
        throw netlabError('RTA_NETLAB_ADDRESS', `the client side has had ${addressesGiven} addresses`);
      }
      addressesGiven += 1;
      const address = clientAddress(addressesGiven);
      await changeAddress('add', address);
      addresses.add(address);
      return address;
    },
    async removeClientAddress(address) {
      // Without any address the device would lose its routes, too.
      if (!addresses.has(address) || addresses.size === 1) {
        const has = [...addresses].join(', ');
        throw netlabError(
          'RTA_NETLAB_ADDRESS',
          `expected one of several addresses, found ${address} of ${has}`,
        );
      }
      addresses.delete(address);
      await changeAddress('delete', address);
    },
    async blockUdp(isBlocked) {
      await relay.ask({ command: 'block-udp', isBlocked });
    },
    async stats() {
      return statsFrom(await relay.ask({ command: 'stats' }));
    },
    run(side, script, { args = [], execArgv = process.execArgv, ...forkOptions } = {}) {
      if (closing !== undefined) throw netlabError('RTA_NETLAB_CLOSED');
      const prefix = command(side);
      // What `ip netns exec` becomes is the script's process itself: signals reach it, and its channel is inherited.
      const child = fork(script, args, {
        ...forkOptions,
        execPath: prefix.command,
        execArgv: [...prefix.args, process.execPath, ...execArgv],
      });
      if (child.pid !== undefined) children.add(child);
      child.once('exit', () => children.delete(child));
      return child;
    },
    command,
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}
