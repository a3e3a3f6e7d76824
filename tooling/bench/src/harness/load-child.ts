import type { BenchChild, ChildContract } from './child-process.ts';
import { type LoopOrder, measureClosedLoop } from './closed-loop.ts';
import type { BenchCase, Conditions, Figures } from './rounds.ts';

/** What a load has seen. */
export type LoadFigures = Figures & { readonly operations: number };

/** A process that puts load on a server. */
export interface LoadContract<Options> {
  readonly options: Options;
  readonly ready: 'connected';
  readonly request: LoopOrder;
  readonly answer: LoadFigures;
}

/** What such a process does once it is connected. */
export type LoadRole = Pick<LoadContract<unknown>, 'ready'> & {
  readonly answer: (order: LoopOrder) => Promise<LoadFigures>;
};

/** Asks in a closed loop, as it is told. */
export function loadRole(ask: () => Promise<void>): LoadRole {
  return { ready: 'connected', answer: (order) => measureClosedLoop(ask, order) };
}

/** A server, and the process that puts load on it. */
export interface Load {
  readonly client: Pick<BenchChild<LoadContract<unknown>>, 'ask' | 'cpuSeconds'>;
  readonly server: Pick<BenchChild<ChildContract>, 'cpuSeconds'>;
}

/** How a load is measured. */
export interface LoadOptions {
  readonly inFlight: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
  /** What else tells this case apart from others of its name. */
  readonly conditions?: Conditions;
}

/** The case of a load with so many requests in flight. */
export function loadCase(name: string, { client, server }: Load, options: LoadOptions): BenchCase {
  const { inFlight, roundMs, warmUpMs, conditions } = options;
  const cpuSeconds = async (): Promise<number> => {
    const [ofClient, ofServer] = await Promise.all([client.cpuSeconds(), server.cpuSeconds()]);
    return ofClient + ofServer;
  };
  return {
    case: name,
    conditions: { inFlight, ...conditions },
    warmUp: () => client.ask({ inFlight, durationMs: warmUpMs }),
    async measure() {
      const before = await cpuSeconds();
      const { operations, ...figures } = await client.ask({ inFlight, durationMs: roundMs });
      const cpuSecondsPer100k = (((await cpuSeconds()) - before) / operations) * 100_000;
      return { ...figures, cpuSecondsPer100k };
    },
  };
}
