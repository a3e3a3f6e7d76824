import { createDevPki } from '@rta/devkit';
import { startChild } from './harness/child-process.ts';
import type { Load, LoadContract } from './harness/load-child.ts';
import { runBench } from './harness/run-bench.ts';
import { labCase } from './lab/lab-case.ts';
import { openLaboratory } from './lab/laboratory.ts';
import type { AnsweringServerContract, LanesLoadOptions } from './lanes/lanes-contract.ts';
import { issueIdentity } from './rta/identity.ts';

const SCALES = {
  full: { rounds: 3, roundMs: 10_000, warmUpMs: 1_000 },
  quick: { rounds: 1, roundMs: 1_500, warmUpMs: 300 },
} as const;
const IN_FLIGHT = 64;
const RTT_MS = 20;
const LOSS_PERCENTS = [0, 1, 3];

/** What an authorization and its decision have on the wire. */
const LENGTHS = { payloadBytes: 150, answerBytes: 60 } as const;

const LANES_SERVER = new URL('./lanes/lanes-server.ts', import.meta.url);
const LANES_LOAD = new URL('./lanes/lanes-load.ts', import.meta.url);
const DATAGRAM_SERVER = new URL('./lanes/datagram-server.ts', import.meta.url);
const DATAGRAM_LOAD = new URL('./lanes/datagram-load.ts', import.meta.url);

/** Lanes by the name of their case; 0 is a stream for each question. */
const LANES = { 'lanes-1': 1, 'lanes-2': 2, 'lanes-4': 4, 'lanes-8': 8, 'stream-each': 0 } as const;

await runBench({
  name: 'lanes',
  summary: 'How questions over QUIC are best spread over streams, or datagrams, where packets are lost.',
  async prepare(scale, resources) {
    const lab = await openLaboratory(resources);
    const host = lab.serverAddress;
    const pki = await createDevPki();
    const server = { ...LENGTHS, ...(await issueIdentity(pki, [host])), host };

    const start = async (serverScript: URL, loadScript: URL, lanes: number): Promise<Load> => {
      const answering = await startChild<AnsweringServerContract>(
        serverScript,
        server,
        resources,
        lab.place('server'),
      );
      const options = { ...LENGTHS, host, port: answering.ready.port, ca: pki.caCertPem, lanes };
      const client = await startChild<LoadContract<LanesLoadOptions>>(
        loadScript,
        options,
        resources,
        lab.place('client'),
      );
      return { server: answering, client };
    };
    const loads: [string, Load][] = [];
    for (const [name, lanes] of Object.entries(LANES)) {
      loads.push([name, await start(LANES_SERVER, LANES_LOAD, lanes)]);
    }
    loads.push(['datagrams', await start(DATAGRAM_SERVER, DATAGRAM_LOAD, 0)]);

    const { rounds, ...times } = SCALES[scale];
    return {
      rounds,
      cases: LOSS_PERCENTS.flatMap((lossPercent) =>
        loads.map(([name, load]) => {
          const path = { rttMs: RTT_MS, lossPercent };
          return labCase(lab, name, load, { inFlight: IN_FLIGHT, path, ...times });
        }),
      ),
      targets: () => [],
    };
  },
});
