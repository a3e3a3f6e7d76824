/** Measured figures by name; the unit is part of the name. */
export type Figures = Readonly<Record<string, number>>;

/** What tells measurements of one case apart, such as `inFlight`, the requests on their way at any time. */
export type Conditions = Readonly<Record<string, number | boolean | string>>;

/** Something that is measured. */
export interface BenchCase {
  readonly case: string;
  readonly conditions?: Conditions;
  /** Measured in the first round only: it takes long. */
  readonly once?: boolean;
  /** Done once, before anything is measured; its figures are dropped. */
  warmUp(): Promise<unknown>;
  /** Measures one round. */
  measure(): Promise<Figures>;
}

/** Medians of what was measured in one case. */
export interface BenchRow {
  readonly case: string;
  readonly conditions?: Conditions;
  readonly figures: Figures;
}

/**
 * Warms all cases up, then measures them in turn, round by round: what disturbs the machine for a while disturbs
 * all of them.
 *
 * @param onStep - told what comes next.
 * @returns for each case the median of each figure.
 */
export async function runRounds(
  cases: readonly BenchCase[],
  rounds: number,
  onStep: (step: string) => void,
): Promise<readonly BenchRow[]> {
  for (const one of cases) {
    onStep(`warming up: ${labelOf(one)}`);
    await one.warmUp();
  }
  const measured = new Map<BenchCase, Figures[]>(cases.map((one) => [one, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const one of cases) {
      if (one.once === true && round > 1) continue;
      onStep(`round ${round} of ${rounds}: ${labelOf(one)}`);
      measured.get(one)?.push(await one.measure());
    }
  }
  return [...measured].map(([one, figures]) => ({
    case: one.case,
    ...(one.conditions === undefined ? {} : { conditions: one.conditions }),
    figures: mediansOf(figures),
  }));
}

function labelOf({ case: name, conditions = {} }: BenchCase): string {
  return [name, ...Object.entries(conditions).map(([condition, value]) => `${condition} ${value}`)].join(
    ', ',
  );
}

function mediansOf(rounds: readonly Figures[]): Figures {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(rounds.map((figures) => figures[name] ?? Number.NaN))]),
  );
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  const high = sorted[sorted.length >> 1] ?? Number.NaN;
  return (low + high) / 2;
}
