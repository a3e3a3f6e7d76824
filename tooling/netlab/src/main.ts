import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isRtaError } from '@rta/core';
import { parseLabArguments } from './lab-arguments.ts';
import { createNetlab } from './netlab.ts';

const HELP = `A loss laboratory: two sides, client and server, and a path between them, without touching this machine's network.

Usage
  node --conditions=rta-source tooling/netlab/src/main.ts [options] -- COMMAND [ARGUMENT…]

The path, each way
  --delay MS, --jitter MS   how long a packet is on its way, and up to how much more
  --loss, --reorder, --duplicate RATIO
                            share of packets, 0 to 1, that is lost, overtakes, arrives twice
  --rate BITS               bits a second; --queue PACKETS is how many may wait for it
  --block-udp               no UDP, as behind some firewalls
  --seed TEXT               with the same seed, the same packets are lost

What runs
  --side client|server      where COMMAND runs; client by default
  --with COMMAND            a shell command for the other side, for as long

Addresses: the client is 192.0.2.1, the server 198.51.100.1. It needs Linux and root. The exit code is that of COMMAND;
what became of the packets is written to standard error.

Examples
  … --delay 10 --loss 0.01 -- bash
  … --delay 20 --with 'python3 -m http.server' -- curl -s --retry-connrefused --retry 9 http://198.51.100.1:8000/
`;

async function main(): Promise<number> {
  const request = parseLabArguments(process.argv.slice(2));
  if (request.kind === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (request.kind === 'mistake') {
    process.stderr.write(`${request.message}\n\n${HELP}`);
    return 2;
  }
  const { profile, blocksUdp, seed, side, other, command } = request;
  await using lab = await createNetlab(seed === undefined ? {} : { seed });
  await lab.setProfile(profile);
  await lab.blockUdp(blocksUdp);
  const start = (place: 'client' | 'server', line: readonly string[]): ChildProcess => {
    const prefix = lab.command(place);
    return spawn(prefix.command, [...prefix.args, ...line], { stdio: 'inherit' });
  };

  const beside = other && start(side === 'client' ? 'server' : 'client', ['sh', '-c', `exec ${other}`]);
  // Ctrl-C reaches the command too, and the command decides what it means.
  process.on('SIGINT', () => undefined);
  const running = start(side, command);
  process.once('SIGTERM', () => running.kill('SIGTERM'));
  const exitCode = await exitOf(running);
  if (beside) {
    beside.kill('SIGTERM');
    await exitOf(beside);
  }
  process.stderr.write(`${JSON.stringify(await lab.stats(), undefined, 2)}\n`);
  return exitCode;
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${isRtaError(error) ? `${error.code}: ${error.message}` : String(error)}\n`);
  process.exitCode = 1;
}
