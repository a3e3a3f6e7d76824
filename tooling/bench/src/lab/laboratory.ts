import { createNetlab, netlabAvailability, type Side } from '@rta/netlab';
import { BenchNotPossible } from '../harness/bench-not-possible.ts';
import type { Place } from '../harness/child-process.ts';
import type { Conditions } from '../harness/rounds.ts';

/** What the path between client and server is like. */
export interface PathConditions extends Conditions {
  /** Half of it in each direction. */
  readonly rttMs: number;
  /** Of a hundred packets in each direction, so many are lost, each by its own. */
  readonly lossPercent: number;
}

/** Two machines with a path between them that can be made worse. */
export interface Laboratory {
  /** Where the server side is reached. */
  readonly serverAddress: string;
  /** Runs processes on one side. */
  place(side: Side): Place;
  /** Sets what the path is like from now on. */
  setPath(path: PathConditions): Promise<void>;
  /** @throws Error where the laboratory itself lost packets: then it has measured nothing but itself. */
  checkItself(): Promise<void>;
}

/** With it, the same packets of a direction are lost in every run. */
const SEED = 'bench';

/**
 * Opens a network laboratory.
 *
 * @throws BenchNotPossible where this machine cannot have one.
 */
export async function openLaboratory(resources: AsyncDisposableStack): Promise<Laboratory> {
  const availability = netlabAvailability();
  if (!availability.available) {
    const { because, install } = availability;
    throw new BenchNotPossible(`it needs a network laboratory, and ${because}.\nWhat to do: ${install}.`);
  }
  const lab = resources.use(await createNetlab({ seed: SEED }));
  return {
    serverAddress: lab.serverAddress,
    place: (side) => ({ run: (script, options) => lab.run(side, script, options) }),
    setPath: ({ rttMs, lossPercent }) => lab.setProfile({ delayMs: rttMs / 2, lossRatio: lossPercent / 100 }),
    async checkItself() {
      const { up, down } = await lab.stats();
      const lost = up.overrunPackets + down.overrunPackets + up.overflowedPackets + down.overflowedPackets;
      if (lost > 0) throw new Error(`the laboratory could not keep up: it lost ${lost} packets by itself`);
    },
  };
}
