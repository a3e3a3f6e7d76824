import { type Node, Visitor } from 'oxc-parser';
import { ERROR_CODE } from './error-tables.ts';
import type { SourceFile } from './source-file.ts';

/** One place in the sources that names an error code. */
export interface CodeMention {
  readonly code: string;
  readonly file: string;
  readonly line: number;
  /** Code does something with it; a comment only speaks of it. */
  readonly inCode: boolean;
}

/**
 * Every error code that a file names: as a text, as a key, or in a comment. Names of environment variables
 * (`env['RTA_…']`, `env.RTA_…`) are spelled alike and are not codes.
 */
export function codesNamedIn(source: SourceFile): readonly CodeMention[] {
  const mentions: CodeMention[] = [];
  const add = (code: string, line: number, inCode: boolean): void => {
    if (ERROR_CODE.test(code)) mentions.push({ code, file: source.path, line, inCode });
  };
  const variables = new Set<object>();

  new Visitor({
    MemberExpression(node) {
      if (isEnvironment(node.object)) variables.add(node.property);
    },
    Literal(node) {
      if (typeof node.value === 'string' && !variables.has(node))
        add(node.value, source.lineAt(node.start), true);
    },
    TemplateLiteral(node) {
      const [only] = node.quasis;
      if (node.quasis.length === 1 && only !== undefined) {
        add(only.value.cooked ?? '', source.lineAt(node.start), true);
      }
    },
    Identifier(node) {
      if (!variables.has(node)) add(node.name, source.lineAt(node.start), true);
    },
  }).visit(source.program);

  for (const { text, line } of source.comments) {
    // A star, a dash or `…` after the name says that it is only the beginning of one.
    for (const match of text.matchAll(/\bRTA_[A-Z0-9]+(?:_[A-Z0-9]+)+\b(?!_|\*|…)/g)) {
      const linesBefore = text.slice(0, match.index).split('\n').length - 1;
      add(match[0], line + linesBefore, false);
    }
  }
  return mentions;
}

function isEnvironment(node: Node): boolean {
  if (node.type === 'Identifier') return /^env(ironment)?$/i.test(node.name);
  return (
    node.type === 'MemberExpression' && node.property.type === 'Identifier' && node.property.name === 'env'
  );
}
