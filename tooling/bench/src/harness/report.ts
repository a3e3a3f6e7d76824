import { availableParallelism, cpus } from 'node:os';
import type { BenchRow, Conditions } from './rounds.ts';
import { describeTarget, roundForPeople, type TargetResult } from './targets.ts';

/** What a bench found. */
export interface BenchReport {
  readonly bench: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly rows: readonly BenchRow[];
  readonly targets: readonly TargetResult[];
}

/** The report of a bench that ran on this machine. */
export function reportOf(
  bench: string,
  rows: readonly BenchRow[],
  targets: readonly TargetResult[],
): BenchReport {
  return {
    bench,
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    rows,
    targets,
  };
}

/** The report for machines: figures stand beside the name of their case. */
export function reportJson(report: BenchReport): string {
  const rows = report.rows.map(({ case: name, conditions, figures }) => ({
    case: name,
    ...conditions,
    ...Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, fourDigits(value)])),
  }));
  const targets = report.targets.map((target) => ({ ...target, actual: fourDigits(target.actual) }));
  return `${JSON.stringify({ ...report, rows, targets }, undefined, 2)}\n`;
}

/** Digits that the measurement does not have are left out. */
function fourDigits(value: number): number {
  return Number(value.toPrecision(4));
}

/** The report for people: a table, then a line for each target. */
export function reportText(report: BenchReport): string {
  const { bench, node, cpu, cores, rows, targets } = report;
  const lines = [`${bench}: Node ${node}, ${cores} cores, ${cpu}`, '', ...tableOf(rows)];
  if (targets.length > 0) lines.push('', ...targets.map(describeTarget));
  return `${lines.join('\n')}\n`;
}

function tableOf(rows: readonly BenchRow[]): readonly string[] {
  const conditionNames = namesIn(rows.map(({ conditions = {} }) => conditions));
  const figureNames = namesIn(rows.map(({ figures }) => figures));
  const header = ['case', ...conditionNames, ...figureNames];
  const cells = rows.map(({ case: name, conditions = {}, figures }) => [
    name,
    ...conditionNames.map((condition) => String(conditions[condition] ?? '')),
    ...figureNames.map((figure) => {
      const value = figures[figure];
      return value === undefined ? '' : roundForPeople(value);
    }),
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)];
}

function namesIn(records: readonly Conditions[]): readonly string[] {
  return [...new Set(records.flatMap((record) => Object.keys(record)))];
}
