import { encodeAuthorize } from '@rta/protocol';
import { startEcho } from './echo/start-echo.ts';
import { startChild } from './harness/child-process.ts';
import { type Load, type LoadContract, loadCase } from './harness/load-child.ts';
import type { BenchRow } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import { figureOf, type Target } from './harness/targets.ts';
import type { HttpJsonLoadOptions } from './http-json/evaluation.ts';
import type { HttpJsonServerContract } from './http-json/server.ts';
import type { AuthorizeLoadOptions } from './rta/authorize-load.ts';
import { benchUser } from './rta/bench-idp.ts';
import { type Deployment, deploy } from './rta/deployment.ts';
import { QUESTION } from './rta/question.ts';

const SCALES = {
  full: { rounds: 5, roundMs: 2_000, warmUpMs: 2_000 },
  quick: { rounds: 3, roundMs: 600, warmUpMs: 800 },
} as const;
const IN_FLIGHT = [1, 32];

/** What an AUTHORIZE frame has on the wire: what the echo servers are sent. */
const PAYLOAD_BYTES = encodeAuthorize(1, { ...QUESTION, token: new Uint8Array(96) }).byteLength;

await runBench({
  name: 'authorize',
  summary: 'How long a decision takes, asked of a server in another process.',
  async prepare(scale, resources) {
    const anna = benchUser('anna');
    const deployment = await deploy([anna], resources);
    const { accessToken } = await deployment.signIn(anna);
    const quic = { transport: 'quic', subjectToken: accessToken, everNew: false } as const;
    const echo = { identity: deployment.identity, ca: deployment.ca, payloadBytes: PAYLOAD_BYTES };
    const loads = new Map<string, Load>([
      ['rta-quic', await rtaLoad(deployment, quic, resources)],
      ['rta-quic-uncached', await rtaLoad(deployment, { ...quic, everNew: true }, resources)],
      ['rta-websocket', await rtaLoad(deployment, { ...quic, transport: 'websocket' }, resources)],
      ['http-json', await httpJsonLoad(resources)],
      ['matrixai-class-layer', await startEcho('matrixai-class-layer', echo, resources)],
      ['udp-echo', await startEcho('udp-echo', echo, resources)],
    ]);
    const { rounds, ...times } = SCALES[scale];
    return {
      rounds,
      cases: IN_FLIGHT.flatMap((inFlight) =>
        [...loads].map(([name, load]) => loadCase(name, load, { inFlight, ...times })),
      ),
      targets,
    };
  },
});

async function rtaLoad(
  { server, endpoint, ca }: Deployment,
  how: Omit<AuthorizeLoadOptions, 'endpoint' | 'ca'>,
  resources: AsyncDisposableStack,
): Promise<Load> {
  const script = new URL('./rta/authorize-load.ts', import.meta.url);
  const options = { endpoint, ca, ...how };
  return { server, client: await startChild<LoadContract<AuthorizeLoadOptions>>(script, options, resources) };
}

async function httpJsonLoad(resources: AsyncDisposableStack): Promise<Load> {
  const serverScript = new URL('./http-json/server.ts', import.meta.url);
  const server = await startChild<HttpJsonServerContract>(
    serverScript,
    { host: '127.0.0.1', protocol: 'http' },
    resources,
  );
  const script = new URL('./http-json/http1-load.ts', import.meta.url);
  const options = { host: '127.0.0.1', port: server.ready.port };
  const client = await startChild<LoadContract<HttpJsonLoadOptions>>(script, options, resources);
  return { server, client };
}

function targets(rows: readonly BenchRow[]): readonly Target[] {
  const against = (figure: string, inFlight: number): number =>
    figureOf(rows, 'rta-quic', figure, { inFlight }) / figureOf(rows, 'http-json', figure, { inFlight });
  return [
    {
      target: 'p50Us of rta-quic against http-json, 1 in flight',
      unit: '×',
      actual: against('p50Us', 1),
      atMost: 1.5,
    },
    {
      target: 'opsPerSecond of rta-quic against http-json, 32 in flight',
      unit: '×',
      actual: against('opsPerSecond', 32),
      atLeast: 4,
    },
  ];
}
