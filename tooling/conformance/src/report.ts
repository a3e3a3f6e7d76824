import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from './paths.ts';

/** The document with the results, from the root of the repository. */
export const DOCUMENT = 'docs/conformance-ssf.md';

/** A part of the document: what the server is tested as, and the ways in which each module runs. */
export interface Plan {
  readonly name: 'receiver' | 'transmitter';
  readonly what: string;
  /** Columns of the table. */
  readonly variants: readonly string[];
  readonly modules: readonly string[];
}

/** How one module went, in one way. */
export interface Outcome {
  readonly module: string;
  readonly variant: string;
  readonly passed: boolean;
}

/** The whole document. */
export function documentText(sections: readonly string[]): string {
  const introduction = [
    'What `rta-server` does as a receiver and as a transmitter of OpenID Shared Signals, seen over HTTP from another',
    'process. The modules follow the test plans of the OpenID conformance suite, each written anew from the',
    'specifications; they are not that suite, and passing them is no certification. Made from what the tests of',
    '[tooling/conformance](../tooling/conformance/README.md) found, with',
    '`node --conditions=rta-source tooling/conformance/src/write-docs.ts`; the same tests fail where this page says',
    'anything else than they find.',
  ];
  return ['# Shared Signals conformance', introduction.join('\n'), ...sections].join('\n\n').concat('\n');
}

/** What the document says of one plan. */
export function sectionText(plan: Plan, outcomes: readonly Outcome[]): string {
  const cell = (module: string, variant: string): string => {
    const outcome = outcomes.find((each) => each.module === module && each.variant === variant);
    if (outcome === undefined) return 'not run';
    return outcome.passed ? 'passed' : '**failed**';
  };
  const rows = plan.modules.map((module) => [
    module,
    ...plan.variants.map((variant) => cell(module, variant)),
  ]);
  return [`## As a ${plan.name}`, plan.what, table(['module', ...plan.variants], rows)].join('\n\n');
}

/** The sections of a document, as they stand in it. */
export function sectionsOf(document: string): readonly string[] {
  return document
    .split(/^(?=## )/m)
    .slice(1)
    .map((section) => section.trimEnd());
}

/** Keeps what the last run of a plan found. */
export function keepOutcomes({ name }: Plan, outcomes: readonly Outcome[]): void {
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(fileOf(name), JSON.stringify(outcomes, undefined, 2));
}

/**
 * What the last run of a plan found.
 *
 * @throws Error where there was none.
 */
export function keptOutcomes({ name }: Plan): readonly Outcome[] {
  try {
    return JSON.parse(readFileSync(fileOf(name), 'utf8')) as Outcome[];
  } catch (cause) {
    throw new Error(`the ${name} plan was not run: run its tests first`, { cause });
  }
}

function fileOf(name: string): string {
  return join(CACHE, `${name}-outcomes.json`);
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
