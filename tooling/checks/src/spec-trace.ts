import { type CallExpression, type Expression, Visitor } from 'oxc-parser';
import type { Check, Problem } from './check.ts';
import { withoutCode } from './markdown.ts';
import type { SourceFile } from './source-file.ts';
import { readWorkspaces } from './workspace.ts';

const DEFINITION = /\*\*([A-Z]{1,4}-\d+\.\d+)\*\*/g;
/** One requirement, or several: `[T-1.1]`, `[T-1.1, T-1.2]`. */
const CITATION = /\[([A-Z]{1,4}-\d+\.\d+(?:, ?[A-Z]{1,4}-\d+\.\d+)*)\]/g;

/** Functions of the test runner whose first argument is a title; tests may import them under other names. */
const TITLED: ReadonlySet<string> = new Set(['it', 'test', 'describe']);

interface Requirement {
  readonly id: string;
  readonly file: string;
  readonly line: number;
}

/** Every numbered requirement of `docs/spec` stands in the title of a test, and titles cite no others. */
export const specTrace: Check = {
  name: 'spec-trace',
  run({ tree }) {
    const problems: Problem[] = [];
    const requirements = new Map<string, Requirement>();
    for (const file of tree.paths) {
      if (!file.startsWith('docs/spec/') || !file.endsWith('.md')) continue;
      for (const requirement of requirementsIn(file, tree.read(file) ?? '')) {
        const earlier = requirements.get(requirement.id);
        if (earlier === undefined) requirements.set(requirement.id, requirement);
        else {
          const message = `${requirement.id} is defined in ${earlier.file}:${earlier.line} too`;
          problems.push({ file, line: requirement.line, message });
        }
      }
    }

    const testedBy = new Map<string, Set<string>>();
    for (const workspace of readWorkspaces(tree).all) {
      // The contract suites of the testkit are tests whose titles stand in its sources.
      const files =
        workspace.kind === 'tooling' ? [...workspace.sources, ...workspace.tests] : workspace.tests;
      for (const file of files) {
        for (const { id, line } of citationsIn(file)) {
          if (!requirements.has(id)) {
            problems.push({ file: file.path, line, message: `cites ${id}, which no specification defines` });
          }
          testedBy.set(id, (testedBy.get(id) ?? new Set()).add(file.path));
        }
      }
    }
    for (const { id, file, line } of requirements.values()) {
      if (!testedBy.has(id)) problems.push({ file, line, message: `${id} is in the title of no test` });
    }

    const tested = [...requirements.keys()].filter((id) => testedBy.has(id));
    return Promise.resolve({
      problems,
      seen: `${requirements.size} requirements, ${tested.length} tested`,
      table: [...requirements.values()].map(
        ({ id, file }) => `${id}  ${file}  ${[...(testedBy.get(id) ?? ['–'])].join(' ')}`,
      ),
    });
  },
};

function requirementsIn(file: string, markdown: string): readonly Requirement[] {
  return withoutCode(markdown)
    .split('\n')
    .flatMap((text, index) =>
      [...text.matchAll(DEFINITION)].map(([, id = '']) => ({ id, file, line: index + 1 })),
    );
}

/** The ids in titles of tests: the first argument of `it(…)` and its like, or the `name` of a contract check. */
function citationsIn(source: SourceFile): readonly { readonly id: string; readonly line: number }[] {
  const citations: { id: string; line: number }[] = [];
  const cite = (title: Expression | { readonly type: string } | undefined, offset: number): void => {
    if (title === undefined) return;
    for (const text of textsOf(title)) {
      for (const [, ids = ''] of text.matchAll(CITATION)) {
        citations.push(...ids.split(/, ?/).map((id) => ({ id, line: source.lineAt(offset) })));
      }
    }
  };
  const titled = new Set(TITLED);
  new Visitor({
    ImportSpecifier(node) {
      if (node.imported.type === 'Identifier' && TITLED.has(node.imported.name)) titled.add(node.local.name);
    },
    CallExpression(node) {
      const callee = calleeOf(node);
      if (!titled.has(callee[0] ?? '')) return;
      if (callee.includes('skip') || callee.includes('todo')) return;
      cite(node.arguments[0], node.start);
    },
    Property(node) {
      if (node.key.type === 'Identifier' && node.key.name === 'name') cite(node.value, node.start);
    },
  }).visit(source.program);
  return citations;
}

/** `test.prop([…])('title', …)` is called by the names `test` and `prop`. */
function calleeOf(call: CallExpression): readonly string[] {
  const names: string[] = [];
  let node: Expression = call.callee;
  for (;;) {
    if (node.type === 'CallExpression') node = node.callee;
    else if (node.type === 'TaggedTemplateExpression') node = node.tag;
    else if (node.type === 'MemberExpression') {
      if (node.property.type === 'Identifier') names.unshift(node.property.name);
      node = node.object;
    } else {
      if (node.type === 'Identifier') names.unshift(node.name);
      return names;
    }
  }
}

function textsOf(node: { readonly type: string }): readonly string[] {
  if (isText(node)) return [node.value];
  if (isTemplate(node)) return node.quasis.map((quasi) => quasi.value.raw);
  return [];
}

function isText(node: {
  readonly type: string;
  readonly value?: unknown;
}): node is { type: string; value: string } {
  return node.type === 'Literal' && typeof node.value === 'string';
}

function isTemplate(node: {
  readonly type: string;
  readonly quasis?: unknown;
}): node is { type: string; quasis: { value: { raw: string } }[] } {
  return node.type === 'TemplateLiteral' && Array.isArray(node.quasis);
}
