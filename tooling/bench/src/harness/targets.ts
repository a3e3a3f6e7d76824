import type { BenchRow, Conditions } from './rounds.ts';

/** What a figure, or a relation of two, should be. */
export type Target = {
  readonly target: string;
  readonly unit: '×' | 'µs' | 'ms' | 'bytes';
  readonly actual: number;
} & ({ readonly atLeast: number } | { readonly atMost: number });

/** A target, and whether it was met. */
export type TargetResult = Target & { readonly outcome: 'met' | 'missed' };

/** Compares a target with what was measured; what could not be measured is missed. */
export function judge(target: Target): TargetResult {
  const met = 'atLeast' in target ? target.actual >= target.atLeast : target.actual <= target.atMost;
  return { ...target, outcome: met ? 'met' : 'missed' };
}

/** One line about a target, for people. */
export function describeTarget(result: TargetResult): string {
  const { target, unit, actual, outcome } = result;
  const wanted = 'atLeast' in result ? `at least ${result.atLeast}` : `at most ${result.atMost}`;
  return `${outcome.padEnd(6)}  ${target}: ${roundForPeople(actual)} ${unit} (target: ${wanted} ${unit})`;
}

/** Three digits that count; all of them where there are more. */
export function roundForPeople(value: number): string {
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(3)));
}

/**
 * A figure of one case under just these conditions.
 *
 * @throws RangeError where there is no such row or figure: a target that looks for it is mistaken.
 */
export function figureOf(
  rows: readonly BenchRow[],
  name: string,
  figure: string,
  conditions: Conditions = {},
): number {
  const row = rows.find((one) => one.case === name && isSame(one.conditions ?? {}, conditions));
  const value = row?.figures[figure];
  if (value === undefined) throw new RangeError(`there is no ${figure} of ${name}`);
  return value;
}

function isSame(a: Conditions, b: Conditions): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
