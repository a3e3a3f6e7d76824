import { startChild } from '../harness/child-process.ts';
import { type Load, type LoadContract, loadCase } from '../harness/load-child.ts';
import type { BenchCase } from '../harness/rounds.ts';
import type { TlsHttpJsonLoadOptions } from '../http-json/evaluation.ts';
import type { HttpJsonServerContract } from '../http-json/server.ts';
import { deployInLab } from '../lab/lab-deployment.ts';
import type { Laboratory } from '../lab/laboratory.ts';
import type { ResumeLoadOptions } from './resume-load.ts';

/** The round trip of clients on the client side of the laboratory. */
export const FAR_RTT_MS = 20;

/** Ways back to the server for an agent that has a session. */
const WAYS = {
  'quic-0rtt': { transport: 'quic', early: true },
  'quic-full': { transport: 'quic', early: false },
  websocket: { transport: 'websocket', early: false },
} as const;

/** Agents that connect at a time where it is counted how many can in a second. */
const CROWD = 16;

/**
 * Cases of the time from nothing to the first decision. Clients with a round trip are on the client side of the
 * laboratory. Those without one are on the server's, so that its relay has nothing to do with them.
 */
export async function firstDecisionCases(
  lab: Laboratory,
  times: { readonly roundMs: number; readonly warmUpMs: number },
  resources: AsyncDisposableStack,
): Promise<readonly BenchCase[]> {
  await lab.setPath({ rttMs: FAR_RTT_MS, lossPercent: 0 });
  const { server, host, endpoint, ca, identity, signIn } = await deployInLab(lab, resources);
  const subjectToken = await signIn();
  const https = await startChild<HttpJsonServerContract>(
    new URL('../http-json/server.ts', import.meta.url),
    { host, protocol: 'https', identity },
    resources,
    lab.place('server'),
  );

  const startLoads = async (
    side: 'client' | 'server',
    agents: number,
  ): Promise<readonly (readonly [string, Load])[]> => {
    const loads: (readonly [string, Load])[] = [];
    for (const [name, how] of Object.entries(WAYS)) {
      const client = await startChild<LoadContract<ResumeLoadOptions>>(
        new URL('./resume-load.ts', import.meta.url),
        { endpoint, ca, ...how, subjectToken, agents },
        resources,
        lab.place(side),
      );
      loads.push([name, { server, client }]);
    }
    const client = await startChild<LoadContract<TlsHttpJsonLoadOptions>>(
      new URL('./https-load.ts', import.meta.url),
      { host, port: https.ready.port, ca },
      resources,
      lab.place(side),
    );
    return [...loads, ['https', { server: https, client }]];
  };
  const near = await startLoads('server', CROWD);
  const far = await startLoads('client', 1);

  return [
    { loads: near, rttMs: 0, inFlight: 1 },
    { loads: far, rttMs: FAR_RTT_MS, inFlight: 1 },
    { loads: near, rttMs: 0, inFlight: CROWD },
  ].flatMap(({ loads, rttMs, inFlight }) =>
    loads.map(([name, load]) => loadCase(name, load, { inFlight, ...times, conditions: { rttMs } })),
  );
}
