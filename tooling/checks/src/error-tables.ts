import type { ErrorSpec } from '@rta/core';
import type { CheckContext, Problem } from './check.ts';
import { readWorkspaces } from './workspace.ts';

/** One error code, with where it is declared. */
export interface ErrorEntry {
  readonly code: string;
  readonly spec: ErrorSpec;
  readonly packageName: string;
  readonly file: string;
  readonly line: number;
}

/** Every error code of the repository. */
export interface ErrorTables {
  readonly entries: readonly ErrorEntry[];
  /** Files that hold tables. */
  readonly files: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** A code as it is written: `RTA_<AREA>_<REASON>`. */
export const ERROR_CODE = /^RTA_[A-Z0-9]+(?:_[A-Z0-9]+)+$/;

const TABLE_FILE = /\/src\/(?:.*\/)?(?:[a-z0-9-]+-)?errors\.ts$/;
const TABLE_NAME = /^[A-Z0-9_]+_ERRORS$/;

/** Imports every `errors.ts` and `*-errors.ts` and collects the tables that they export as `X_ERRORS`. */
export async function loadErrorTables(context: CheckContext): Promise<ErrorTables> {
  const entries: ErrorEntry[] = [];
  const files = new Set<string>();
  const problems: Problem[] = [];
  for (const workspace of readWorkspaces(context.tree).all) {
    for (const { path } of workspace.sources) {
      if (!TABLE_FILE.test(path)) continue;
      let exported: Readonly<Record<string, unknown>>;
      try {
        exported = await context.load(path);
      } catch (error) {
        problems.push({ file: path, line: 1, message: `cannot be imported: ${String(error)}` });
        continue;
      }
      const lines = (context.tree.read(path) ?? '').split('\n');
      for (const [name, table] of Object.entries(exported)) {
        if (!TABLE_NAME.test(name) || typeof table !== 'object' || table === null) continue;
        files.add(path);
        for (const [code, spec] of Object.entries(table)) {
          const line = lines.findIndex((text) => text.trimStart().startsWith(`${code}:`)) + 1 || 1;
          const faults = faultsOf(code, spec);
          problems.push(...faults.map((fault) => ({ file: path, line, message: `${code}: ${fault}` })));
          if (!isSpec(spec)) continue;
          entries.push({ code, spec, packageName: workspace.manifest.name, file: path, line });
        }
      }
    }
  }
  return { entries, files, problems: [...problems, ...duplicates(entries)] };
}

function isSpec(value: unknown): value is ErrorSpec {
  return (
    typeof value === 'object' &&
    value !== null &&
    'summary' in value &&
    typeof value.summary === 'string' &&
    'remedy' in value &&
    typeof value.remedy === 'string' &&
    'retryable' in value &&
    typeof value.retryable === 'boolean'
  );
}

function faultsOf(code: string, spec: unknown): readonly string[] {
  if (!ERROR_CODE.test(code)) return ['the code is not spelled RTA_<AREA>_<REASON>'];
  if (!isSpec(spec)) return ['needs `summary`, `remedy` and `retryable`'];
  const faults: string[] = [];
  for (const field of ['summary', 'remedy'] as const) {
    const text = spec[field];
    if (text.trim() === '') faults.push(`\`${field}\` is empty`);
    else if (/^[A-Z][a-z]/.test(text)) faults.push(`\`${field}\` starts in upper case`);
    else if (text.endsWith('.')) faults.push(`\`${field}\` ends with a full stop`);
  }
  const { httpStatus } = spec;
  if (httpStatus !== undefined && !(Number.isInteger(httpStatus) && httpStatus >= 400 && httpStatus <= 599)) {
    faults.push('`httpStatus` is no status of an error');
  }
  return faults;
}

function duplicates(entries: readonly ErrorEntry[]): readonly Problem[] {
  const first = new Map<string, ErrorEntry>();
  const problems: Problem[] = [];
  for (const entry of entries) {
    const earlier = first.get(entry.code);
    if (earlier === undefined) first.set(entry.code, entry);
    else {
      const message = `${entry.code} is declared in ${earlier.file} too`;
      problems.push({ file: entry.file, line: entry.line, message });
    }
  }
  return problems;
}
