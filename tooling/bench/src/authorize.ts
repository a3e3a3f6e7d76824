import { encodeAuthorize } from '@rta/protocol';
import type { EchoLoadOptions, EchoServerContract } from './authorize/echo-server.ts';
import type { HttpJsonLoadOptions } from './authorize/http-json-load.ts';
import type { HttpJsonServerContract } from './authorize/http-json-server.ts';
import type { MatrixaiLoadOptions } from './authorize/matrixai-load.ts';
import type { MatrixaiServerOptions } from './authorize/matrixai-server.ts';
import { QUESTION } from './authorize/question.ts';
import type { RtaLoadOptions } from './authorize/rta-load.ts';
import { startChild } from './harness/child-process.ts';
import { type Load, type LoadContract, loadCase } from './harness/load-child.ts';
import type { BenchRow } from './harness/rounds.ts';
import { runBench } from './harness/run-bench.ts';
import { figureOf, type Target } from './harness/targets.ts';
import { benchUser, type Deployment, deploy } from './rta/deployment.ts';

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
    const loads = new Map<string, Load>([
      ['rta-quic', await rtaLoad(deployment, accessToken, false, resources)],
      ['rta-quic-uncached', await rtaLoad(deployment, accessToken, true, resources)],
      ['http-json', await httpJsonLoad(resources)],
      ['matrixai-class-layer', await matrixaiLoad(deployment, resources)],
      ['udp-echo', await udpEchoLoad(resources)],
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
  subjectToken: string,
  everNew: boolean,
  resources: AsyncDisposableStack,
): Promise<Load> {
  const script = new URL('./authorize/rta-load.ts', import.meta.url);
  const options = { endpoint, ca, subjectToken, everNew };
  return { server, client: await startChild<LoadContract<RtaLoadOptions>>(script, options, resources) };
}

async function httpJsonLoad(resources: AsyncDisposableStack): Promise<Load> {
  const serverScript = new URL('./authorize/http-json-server.ts', import.meta.url);
  const server = await startChild<HttpJsonServerContract>(serverScript, undefined, resources);
  const script = new URL('./authorize/http-json-load.ts', import.meta.url);
  const client = await startChild<LoadContract<HttpJsonLoadOptions>>(script, server.ready, resources);
  return { server, client };
}

async function matrixaiLoad(
  { ca, certificate: { certPem: cert, keyPem: key } }: Deployment,
  resources: AsyncDisposableStack,
): Promise<Load> {
  const serverScript = new URL('./authorize/matrixai-server.ts', import.meta.url);
  const server = await startChild<EchoServerContract<MatrixaiServerOptions>>(
    serverScript,
    { cert, key },
    resources,
  );
  const script = new URL('./authorize/matrixai-load.ts', import.meta.url);
  const options = { port: server.ready.port, payloadBytes: PAYLOAD_BYTES, ca };
  return { server, client: await startChild<LoadContract<MatrixaiLoadOptions>>(script, options, resources) };
}

async function udpEchoLoad(resources: AsyncDisposableStack): Promise<Load> {
  const serverScript = new URL('./authorize/udp-echo-server.ts', import.meta.url);
  const server = await startChild<EchoServerContract<undefined>>(serverScript, undefined, resources);
  const script = new URL('./authorize/udp-echo-load.ts', import.meta.url);
  const options = { port: server.ready.port, payloadBytes: PAYLOAD_BYTES };
  return { server, client: await startChild<LoadContract<EchoLoadOptions>>(script, options, resources) };
}

function targets(rows: readonly BenchRow[]): readonly Target[] {
  const against = (figure: string, inFlight: number): number =>
    figureOf(rows, 'rta-quic', figure, inFlight) / figureOf(rows, 'http-json', figure, inFlight);
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
