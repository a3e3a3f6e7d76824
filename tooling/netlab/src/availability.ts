import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** Whether this machine can have a laboratory; if not, why, and what to do about it. */
export type NetlabAvailability =
  | { readonly available: true }
  | { readonly available: false; readonly because: string; readonly install: string };

/** What a laboratory needs of a machine. */
export interface MachineFacts {
  readonly platform: NodeJS.Platform;
  /** The capabilities that the process can use, a bit each, as Linux counts them. */
  readonly capabilities: bigint;
  readonly hasTun: boolean;
  readonly hasIpNetns: boolean;
  readonly hasPython: boolean;
}

const CAP_NET_ADMIN = 1n << 12n;
const CAP_SYS_ADMIN = 1n << 21n;

/**
 * Whether this machine can have a laboratory. It looks, and changes nothing: a sandbox that forbids what the
 * capabilities allow shows in `createNetlab` only.
 */
export function netlabAvailability(): NetlabAvailability {
  return judgeAvailability(thisMachine());
}

/** What the facts of a machine mean. */
export function judgeAvailability(facts: MachineFacts): NetlabAvailability {
  const { platform, capabilities, hasTun, hasIpNetns, hasPython } = facts;
  if (platform !== 'linux') {
    return unavailable(`network namespaces are of Linux, and this is ${platform}`, 'run it on Linux');
  }
  const needed = CAP_NET_ADMIN | CAP_SYS_ADMIN;
  if ((capabilities & needed) !== needed) {
    return unavailable(
      'making network namespaces needs CAP_NET_ADMIN and CAP_SYS_ADMIN',
      'run it as root; in a container, with --privileged',
    );
  }
  if (!hasTun) {
    return unavailable(
      '/dev/net/tun cannot be opened',
      'modprobe tun; in a container, with --device /dev/net/tun',
    );
  }
  if (!hasIpNetns) return unavailable('there is no `ip` that knows namespaces', 'apt-get install iproute2');
  if (!hasPython) return unavailable('there is no Python 3.9 or newer', 'apt-get install python3');
  return { available: true };
}

function unavailable(because: string, install: string): NetlabAvailability {
  return { available: false, because, install };
}

/** Whether there is a Python that can run the relay. */
export function hasPython(): boolean {
  return succeeds('python3', '-c', 'import sys; sys.exit(sys.version_info < (3, 9))');
}

function thisMachine(): MachineFacts {
  return {
    platform: process.platform,
    capabilities: capabilities(),
    hasTun: hasTun(),
    hasIpNetns: succeeds('ip', 'netns', 'list'),
    hasPython: hasPython(),
  };
}

function capabilities(): bigint {
  try {
    const [, effective = '0'] =
      /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return BigInt(`0x${effective}`);
  } catch {
    return 0n;
  }
}

function hasTun(): boolean {
  try {
    // That the file is there says nothing: the driver may not be.
    closeSync(openSync('/dev/net/tun', 'r+'));
    return true;
  } catch {
    return false;
  }
}

function succeeds(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
