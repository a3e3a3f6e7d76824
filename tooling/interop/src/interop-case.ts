import type { Implementation } from './implementations.ts';
import type { Stage } from './stage.ts';

/** Which side is ours. */
export type OurRole = 'client' | 'server';

/** One thing that two implementations have to agree on. */
export interface InteropCase {
  /** What happens, in a few words; a row of the table. */
  readonly name: string;
  /** Runs with our client and their server. */
  readonly ourClient?: (stage: Stage) => Promise<void>;
  /** Runs with our server and their client. */
  readonly ourServer?: (stage: Stage) => Promise<void>;
  /** Why an implementation cannot take part. */
  readonly lacking?: Partial<Record<Implementation['name'], string>>;
}

/** A case with one implementation and one role: a test, and a cell of the table. */
export interface InteropRun {
  readonly name: string;
  readonly role: OurRole;
  readonly run: (stage: Stage) => Promise<void>;
}

/** What there is to run with an implementation. */
export function runsOf(cases: readonly InteropCase[], { name }: Implementation): readonly InteropRun[] {
  return cases
    .filter((each) => each.lacking?.[name] === undefined)
    .flatMap((each) => {
      const client = each.ourClient === undefined ? [] : [{ role: 'client' as const, run: each.ourClient }];
      const server = each.ourServer === undefined ? [] : [{ role: 'server' as const, run: each.ourServer }];
      return [...client, ...server].map((run) => ({ name: each.name, ...run }));
    });
}
