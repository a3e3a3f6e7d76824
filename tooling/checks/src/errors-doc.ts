import type { Check, Problem } from './check.ts';
import { codesNamedIn } from './error-codes.ts';
import { type ErrorEntry, type ErrorTables, loadErrorTables } from './error-tables.ts';
import { tableText } from './markdown.ts';
import type { SourceFile } from './source-file.ts';
import { readWorkspaces } from './workspace.ts';

/** Error codes are unique, declared where they are used and used where they are declared; makes `docs/errors.md`. */
export const errorsDoc: Check = {
  name: 'errors-doc',
  async run(context) {
    const tables = await loadErrorTables(context);
    const sources = readWorkspaces(context.tree).all.flatMap((workspace) => workspace.sources);
    return {
      problems: [...tables.problems, ...useProblems(tables, sources)],
      seen: `${tables.entries.length} codes`,
      document: { path: 'docs/errors.md', text: errorsText(tables.entries) },
    };
  },
};

function useProblems(tables: ErrorTables, sources: readonly SourceFile[]): readonly Problem[] {
  const declared = new Set(tables.entries.map((entry) => entry.code));
  const used = new Set<string>();
  const problems: Problem[] = [];
  for (const source of sources) {
    const holdsTable = tables.files.has(source.path);
    for (const mention of codesNamedIn(source)) {
      if (mention.inCode && !holdsTable) used.add(mention.code);
      if (declared.has(mention.code)) continue;
      const message = `${mention.code} stands in no error table`;
      problems.push({ file: mention.file, line: mention.line, message });
    }
  }
  for (const entry of tables.entries) {
    if (used.has(entry.code)) continue;
    problems.push({
      file: entry.file,
      line: entry.line,
      message: `${entry.code} is declared and never used`,
    });
  }
  return problems;
}

function errorsText(entries: readonly ErrorEntry[]): string {
  const parts = [
    '# Errors',
    'Made from the error tables of the packages by `npx pnpm@12 docs`: change the tables, not this file.',
    'Every error is an `RtaError` of `@rta/core`. Tell errors apart by `code`; messages may change. `retryable` ' +
      'means that the same call may succeed later, without a change by the caller. HTTP is the status where the ' +
      'error crosses HTTP; where it stands empty, an error that reaches HTTP all the same is answered with 500.',
  ];
  const names = [...new Set(entries.map((entry) => entry.packageName))].sort();
  for (const name of names) {
    const rows = entries
      .filter((entry) => entry.packageName === name)
      .sort((a, b) => (a.code < b.code ? -1 : 1))
      .map(({ code, spec }) => [
        `\`${code}\``,
        spec.summary,
        spec.remedy,
        spec.retryable ? 'yes' : 'no',
        spec.httpStatus === undefined ? '' : String(spec.httpStatus),
      ]);
    parts.push(`## ${name}`, tableText(['code', 'what went wrong', 'what to do', 'retryable', 'HTTP'], rows));
  }
  return `${parts.join('\n\n')}\n`;
}
