import { INTEROP_CASES } from './cases/all.ts';
import { type Implementation, libraryVersion } from './implementations.ts';
import { type InteropCase, type OurRole, runsOf } from './interop-case.ts';

/** How one case went, in one role. */
export interface Outcome {
  readonly name: string;
  readonly role: OurRole;
  readonly passed: boolean;
}

/** The document with the results, from the root of the repository. */
export const DOCUMENT = 'docs/interop.md';

const HEADER = ['case', 'our client, their server', 'our server, their client'];

/** The whole document. */
export function documentText(sections: readonly string[]): string {
  const introduction = [
    '# QUIC interoperability',
    'What [@rta/transport-quic](../packages/transport-quic/README.md) does with QUIC implementations that nobody here',
    'wrote. Made from what the tests of [tooling/interop](../tooling/interop/README.md) found, with',
    '`node --conditions=rta-source tooling/interop/src/write-docs.ts`; the same tests fail where this page says anything',
    `else than they find. The transport is built on \`@matrixai/quic\` ${libraryVersion()}.`,
  ];
  return [`${introduction[0]}\n\n${introduction.slice(1).join('\n')}`, ...sections].join('\n\n').concat('\n');
}

/** What the document says of one implementation. */
export function sectionText(implementation: Implementation, outcomes: readonly Outcome[]): string {
  const runs = runsOf(INTEROP_CASES, implementation);
  const cell = (name: string, role: OurRole): string => {
    if (!runs.some((run) => run.name === name && run.role === role)) return '';
    const outcome = outcomes.find((each) => each.name === name && each.role === role);
    if (outcome === undefined) return 'not run';
    return outcome.passed ? 'passed' : '**failed**';
  };
  const names = [...new Set(runs.map(({ name }) => name))];
  const rows = names.map((name) => [name, cell(name, 'client'), cell(name, 'server')]);
  const parts = [
    `## ${implementation.name} ${implementation.version}`,
    `${implementation.what}.`,
    table(rows),
  ];
  const exceptions = exceptionsOf(implementation);
  if (exceptions.length > 0) parts.push('Not asked of it:', exceptions.join('\n'));
  return parts.join('\n\n');
}

/** The sections of a document, as they stand in it. */
export function sectionsOf(document: string): readonly string[] {
  return document
    .split(/^(?=## )/m)
    .slice(1)
    .map((section) => section.trimEnd());
}

function exceptionsOf({ name }: Implementation): readonly string[] {
  return INTEROP_CASES.flatMap((each) => {
    const reason = each.lacking?.[name];
    return reason === undefined ? [] : [`- ${each.name}${sides(each)}: ${reason}.`];
  });
}

function sides({ ourClient, ourServer }: InteropCase): string {
  if (ourServer === undefined) return ', by its server';
  return ourClient === undefined ? ', by its client' : '';
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEADER.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(HEADER), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
