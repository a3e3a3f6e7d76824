import type { Check, CheckContext, CheckResult, Problem } from './check.ts';

/** Where the lines of a run go, and how a document is kept. */
export interface RunOptions {
  readonly print: (line: string) => void;
  /** Writes documents that differ; without it a difference is a problem. */
  readonly write?: (path: string, text: string) => void;
  /** Prints the tables that checks have. */
  readonly verbose?: boolean;
}

/**
 * Runs checks one after another, with a line for each and the problems under it.
 *
 * @returns the number of problems.
 */
export async function runChecks(
  checks: readonly Check[],
  context: CheckContext,
  options: RunOptions,
): Promise<number> {
  let count = 0;
  for (const check of checks) {
    const result = await check.run(context);
    const written = writeDocument(context, result, options);
    const problems = [...result.problems, ...documentProblems(context, result, options)];
    count += problems.length;
    const verdict = problems.length === 0 ? 'ok' : `${problems.length} wrong`;
    options.print(`${check.name.padEnd(12)} ${verdict} (${result.seen})${written}`);
    for (const { file, line, message } of problems) options.print(`  ${file}:${line} ${message}`);
    if (options.verbose === true) for (const line of result.table ?? []) options.print(`  ${line}`);
  }
  return count;
}

function writeDocument(context: CheckContext, { document }: CheckResult, { write }: RunOptions): string {
  if (document === undefined || write === undefined) return '';
  if (context.tree.read(document.path) === document.text) return '';
  write(document.path, document.text);
  return `, wrote ${document.path}`;
}

function documentProblems(
  context: CheckContext,
  { document }: CheckResult,
  { write }: RunOptions,
): readonly Problem[] {
  if (document === undefined || write !== undefined) return [];
  const kept = context.tree.read(document.path)?.split('\n') ?? [];
  const made = document.text.split('\n');
  const index = made.findIndex((line, at) => line !== kept[at]);
  if (index === -1 && kept.length === made.length) return [];
  const line = index === -1 ? made.length : index + 1;
  return [{ file: document.path, line, message: 'is not what the code says: run `npx pnpm@12 docs`' }];
}
