import { startChild } from './harness/child-process.ts';
import { type Load, type LoadContract } from './harness/load-child.ts';
import type { BenchRow } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import { figureOf, type Target } from './harness/targets.ts';
import type { TlsHttpJsonLoadOptions } from './http-json/evaluation.ts';
import type { HttpJsonServerContract } from './http-json/server.ts';
import { labCase } from './lab/lab-case.ts';
import { deployInLab, type LabDeployment } from './lab/lab-deployment.ts';
import { type Laboratory, openLaboratory } from './lab/laboratory.ts';
import type { AuthorizeLoadOptions } from './rta/authorize-load.ts';

const SCALES = {
  full: { rounds: 3, roundMs: 10_000, warmUpMs: 2_000 },
  quick: { rounds: 1, roundMs: 3_000, warmUpMs: 500 },
} as const;
const IN_FLIGHT = 64;
const RTT_MS = 20;
const LOSS_PERCENTS = [0, 1, 3];

await runBench({
  name: 'loss',
  summary:
    'How long a decision takes over a path of 20 ms that loses packets. It needs a network laboratory.',
  async prepare(scale, resources) {
    const lab = await openLaboratory(resources);
    const deployment = await deployInLab(lab, resources);
    const subjectToken = await deployment.signIn();
    const loads: readonly [string, Load][] = [
      ['rta-quic', await rtaLoad('quic', subjectToken, deployment, lab, resources)],
      ['rta-websocket', await rtaLoad('websocket', subjectToken, deployment, lab, resources)],
      ['http2-json', await http2Load(deployment, lab, resources)],
    ];
    const { rounds, ...times } = SCALES[scale];
    return {
      rounds,
      cases: LOSS_PERCENTS.flatMap((lossPercent) =>
        loads.map(([name, load]) => {
          const path = { rttMs: RTT_MS, lossPercent };
          return labCase(lab, name, load, { inFlight: IN_FLIGHT, path, ...times });
        }),
      ),
      targets,
    };
  },
});

async function rtaLoad(
  transport: AuthorizeLoadOptions['transport'],
  subjectToken: string,
  { server, endpoint, ca }: LabDeployment,
  lab: Laboratory,
  resources: AsyncDisposableStack,
): Promise<Load> {
  const script = new URL('./rta/authorize-load.ts', import.meta.url);
  const options = { endpoint, ca, transport, subjectToken, everNew: false };
  const client = await startChild<LoadContract<AuthorizeLoadOptions>>(
    script,
    options,
    resources,
    lab.place('client'),
  );
  return { server, client };
}

async function http2Load(
  { host, ca, identity }: LabDeployment,
  lab: Laboratory,
  resources: AsyncDisposableStack,
): Promise<Load> {
  const server = await startChild<HttpJsonServerContract>(
    new URL('./http-json/server.ts', import.meta.url),
    { host, protocol: 'h2', identity },
    resources,
    lab.place('server'),
  );
  const client = await startChild<LoadContract<TlsHttpJsonLoadOptions>>(
    new URL('./http-json/http2-load.ts', import.meta.url),
    { host, port: server.ready.port, ca },
    resources,
    lab.place('client'),
  );
  return { server, client };
}

function targets(rows: readonly BenchRow[]): readonly Target[] {
  const p99Us = (name: string): number =>
    figureOf(rows, name, 'p99Us', { inFlight: IN_FLIGHT, rttMs: RTT_MS, lossPercent: 1 });
  return [
    {
      target: 'p99Us of rta-quic against rta-websocket, 1 % loss',
      unit: '×',
      actual: p99Us('rta-quic') / p99Us('rta-websocket'),
      atMost: 0.5,
    },
  ];
}
