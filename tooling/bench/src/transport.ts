import { createDevPki } from '@rta/devkit';
import { ECHO_WAYS, startEcho } from './echo/start-echo.ts';
import { type Load, loadCase } from './harness/load-child.ts';
import type { BenchRow } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import { figureOf, type Target } from './harness/targets.ts';
import { issueIdentity } from './rta/identity.ts';

const SCALES = {
  full: { rounds: 5, roundMs: 2_000, warmUpMs: 2_000 },
  quick: { rounds: 3, roundMs: 400, warmUpMs: 400 },
} as const;
const IN_FLIGHT = [1, 32, 256];

/** About what a question has that an agent asks. */
const PAYLOAD_BYTES = 128;

await runBench({
  name: 'transport',
  summary: 'How long an echo of 128 bytes takes, over each transport, from a server in another process.',
  async prepare(scale, resources) {
    const pki = await createDevPki();
    const options = {
      identity: await issueIdentity(pki, ['127.0.0.1']),
      ca: pki.caCertPem,
      payloadBytes: PAYLOAD_BYTES,
    };
    const { rounds, ...times } = SCALES[scale];
    const loads: [string, Load][] = [];
    for (const way of ECHO_WAYS) loads.push([way, await startEcho(way, options, resources)]);
    return {
      rounds,
      cases: IN_FLIGHT.flatMap((inFlight) =>
        loads.map(([name, load]) => loadCase(name, load, { inFlight, ...times })),
      ),
      targets,
    };
  },
});

function targets(rows: readonly BenchRow[]): readonly Target[] {
  const against = (other: string, figure: string, inFlight: number): number =>
    figureOf(rows, 'rta-quic', figure, { inFlight }) / figureOf(rows, other, figure, { inFlight });
  return [
    {
      target: 'p50Us of rta-quic against udp-echo, 1 in flight',
      unit: '×',
      actual: against('udp-echo', 'p50Us', 1),
      atMost: 4,
    },
    {
      target: 'opsPerSecond of rta-quic against ws-tls, 32 in flight',
      unit: '×',
      actual: against('ws-tls', 'opsPerSecond', 32),
      atLeast: 0.6,
    },
  ];
}
