import {
  type Expression,
  type ImportDeclarationSpecifier,
  type ModuleExportName,
  type Program,
  parseSync,
  Visitor,
} from 'oxc-parser';

/** One `import`, `export … from`, `import()` or `import('…')` type. */
export interface ImportUse {
  /** What stands between the quotes, or undefined where it is computed. */
  readonly specifier: string | undefined;
  /** Names taken from the module; `*` for a namespace, `default` for the default export. */
  readonly names: readonly string[];
  readonly line: number;
}

/** A block comment that opens with `/**`, without its frame. */
export interface DocComment {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** A TypeScript file, parsed. */
export interface SourceFile {
  readonly path: string;
  readonly program: Program;
  readonly imports: readonly ImportUse[];
  readonly docComments: readonly DocComment[];
  /** Texts of all comments, with the line that each begins on. */
  readonly comments: readonly { readonly text: string; readonly line: number }[];
  /** Lines of `export *`. */
  readonly starExportLines: readonly number[];
  /** The line, counted from 1, that an offset stands on. */
  lineAt(offset: number): number;
}

/** A file that is no TypeScript. */
export class SourceError extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/**
 * Parses one TypeScript file.
 *
 * @throws SourceError where it cannot be parsed.
 */
export function parseSource(path: string, text: string): SourceFile {
  const lineStarts = startsOfLines(text);
  const lineAt = (offset: number): number => lineOf(lineStarts, offset);
  const parsed = parseSync(path, text);
  const [firstError] = parsed.errors;
  if (firstError !== undefined) {
    throw new SourceError(firstError.message, lineAt(firstError.labels[0]?.start ?? 0));
  }

  const imports: ImportUse[] = [];
  const starExportLines: number[] = [];
  const addImport = (specifier: string | undefined, names: readonly string[], offset: number): void => {
    imports.push({ specifier, names, line: lineAt(offset) });
  };
  new Visitor({
    ImportDeclaration: (statement) => {
      addImport(statement.source.value, statement.specifiers.map(importedName), statement.start);
    },
    ExportNamedDeclaration: (statement) => {
      if (statement.source === null) return;
      const names = statement.specifiers.map((specifier) => nameOf(specifier.local));
      addImport(statement.source.value, names, statement.start);
    },
    ExportAllDeclaration: (statement) => {
      starExportLines.push(lineAt(statement.start));
      addImport(statement.source.value, ['*'], statement.start);
    },
    ImportExpression: (expression) => {
      addImport(plainText(expression.source), ['*'], expression.start);
    },
    TSImportType: (type) => {
      addImport(type.source.value, ['*'], type.start);
    },
  }).visit(parsed.program);

  return {
    path,
    program: parsed.program,
    imports,
    docComments: parsed.comments.filter(isDocComment).map((comment) => ({
      text: unframe(comment.value),
      start: comment.start,
      end: comment.end,
    })),
    comments: parsed.comments.map((comment) => ({ text: comment.value, line: lineAt(comment.start) })),
    starExportLines,
    lineAt,
  };
}

function importedName(specifier: ImportDeclarationSpecifier): string {
  if (specifier.type === 'ImportDefaultSpecifier') return 'default';
  return specifier.type === 'ImportNamespaceSpecifier' ? '*' : nameOf(specifier.imported);
}

function nameOf(name: ModuleExportName): string {
  return name.type === 'Literal' ? name.value : name.name;
}

function isDocComment(comment: { readonly type: string; readonly value: string }): boolean {
  return comment.type === 'Block' && comment.value.startsWith('*');
}

/** The value of a text without placeholders, or undefined for any other expression. */
function plainText(node: Expression): string | undefined {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  const [only, ...others] = node.type === 'TemplateLiteral' ? node.quasis : [];
  return others.length === 0 ? (only?.value.cooked ?? undefined) : undefined;
}

/** A doc comment as one paragraph: without stars, line ends and `{@link …}` frames. */
function unframe(comment: string): string {
  return comment
    .replace(/^\*/, '')
    .replace(/\n\s*\*/g, '\n')
    .replace(/\{@link\s+([^}]+)\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .trim();
}

function startsOfLines(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low + 1;
}
