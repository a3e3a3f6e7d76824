import { type ObjectExpression, Visitor } from 'oxc-parser';
import type { Check, CheckContext, Problem } from './check.ts';
import { tableText } from './markdown.ts';
import type { SourceFile } from './source-file.ts';
import { readWorkspaces } from './workspace.ts';

/** Every limit says why it is there; makes `docs/limits.md` (invariant I9). */
export const limitsDoc: Check = {
  name: 'limits-doc',
  async run(context) {
    const problems: Problem[] = [];
    const parts = [
      '# Limits',
      'Made from the limit tables of the packages by `npx pnpm@12 docs`: change the tables, not this file.',
      'Everything that the network can make grow has a limit (invariant I9). The values are the defaults; what can ' +
        'be set says so in the docstring of its option. The unit is the end of the name.',
    ];
    let count = 0;
    for (const workspace of readWorkspaces(context.tree).all) {
      const rows: string[][] = [];
      for (const source of workspace.sources) {
        if (!/\/src\/(?:.*\/)?(?:[a-z0-9-]+-)?limits\.ts$/.test(source.path)) continue;
        const found = await limitsOf(context, source);
        problems.push(...found.problems);
        rows.push(...found.rows);
      }
      if (rows.length === 0) continue;
      count += rows.length;
      parts.push(`## ${workspace.manifest.name}`, tableText(['limit', 'value', 'why'], rows));
    }
    return {
      problems,
      seen: `${count} limits`,
      document: { path: 'docs/limits.md', text: `${parts.join('\n\n')}\n` },
    };
  },
};

interface Found {
  readonly rows: readonly string[][];
  readonly problems: readonly Problem[];
}

async function limitsOf(context: CheckContext, source: SourceFile): Promise<Found> {
  const rows: string[][] = [];
  const problems: Problem[] = [];
  const problem = (line: number, message: string): void => {
    problems.push({ file: source.path, line, message });
  };

  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = await context.load(source.path);
  } catch (error) {
    problem(1, `cannot be imported: ${String(error)}`);
    return { rows, problems };
  }

  for (const [name, table] of tablesIn(source)) {
    const values = exported[name];
    let previousEnd = table.start;
    for (const member of table.properties) {
      const line = source.lineAt(member.start);
      const why = source.docComments.find((doc) => doc.start >= previousEnd && doc.end <= member.start)?.text;
      previousEnd = member.end;
      if (member.type !== 'Property' || member.computed || member.key.type !== 'Identifier') {
        problem(line, `a member of ${name} is not written out: the table cannot be made from it`);
        continue;
      }
      const limit = member.key.name;
      if (why === undefined || why === '') problem(line, `${name}.${limit} has no doc comment that says why`);
      const value = valueText(values, limit);
      if (value === undefined) problem(line, `${name}.${limit} is not a finite number`);
      else rows.push([`\`${limit}\``, value, why ?? '']);
    }
  }
  if (rows.length === 0 && problems.length === 0) problem(1, 'exports no `X_LIMITS` table');
  return { rows, problems };
}

/** `const X_LIMITS = { … }`, with or without `as const` and `satisfies`. */
function tablesIn(source: SourceFile): readonly (readonly [name: string, table: ObjectExpression])[] {
  const tables: [string, ObjectExpression][] = [];
  new Visitor({
    VariableDeclarator(node) {
      if (node.id.type !== 'Identifier' || !/^[A-Z0-9_]+_LIMITS$/.test(node.id.name)) return;
      let value = node.init;
      while (value?.type === 'TSAsExpression' || value?.type === 'TSSatisfiesExpression')
        value = value.expression;
      if (value?.type === 'ObjectExpression') tables.push([node.id.name, value]);
    },
  }).visit(source.program);
  return tables;
}

function valueText(table: unknown, limit: string): string | undefined {
  if (typeof table !== 'object' || table === null) return undefined;
  const value: unknown = Reflect.get(table, limit);
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 });
}
