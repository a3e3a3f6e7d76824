import { CAPABILITIES, type Capability, isCapability } from './capabilities.ts';
import type { Problem } from './check.ts';
import { codeSpans, type TableRow, tablesOf } from './markdown.ts';

/** A package or app on a floor of the house. */
export interface FloorPlace {
  readonly on: 'floor';
  readonly name: string;
  readonly floor: number;
  /** Packages may import from those of their own floor whose step is lower: `a`; then `b`. */
  readonly step: number;
  /** What it may touch; the value names the one file that may, or is undefined where every file may. */
  readonly mayTouch: ReadonlyMap<Capability, string | undefined>;
}

/** A tool, which stands beside the house. */
export interface ToolPlace {
  readonly on: 'tooling';
  readonly name: string;
  /** Floors that it imports from. */
  readonly imports: ReadonlySet<number> | 'everything';
  /** Whether every test may use it. */
  readonly usedByTests: boolean;
  /** Packages whose sources may use it. */
  readonly usedBy: ReadonlySet<string>;
}

/** Where a package stands. */
export type Place = FloorPlace | ToolPlace;

/** The two tables of `ARCHITECTURE.md`. */
export interface Floors {
  readonly places: ReadonlyMap<string, Place>;
  readonly problems: readonly Problem[];
}

/** The document that says what may import what. */
export const ARCHITECTURE = 'ARCHITECTURE.md';

/** Reads the tables `floor | packages | may touch` and `tooling | imports | used by`. */
export function parseFloors(markdown: string): Floors {
  const places = new Map<string, Place>();
  const problems: Problem[] = [];
  const problem = (line: number, message: string): void => {
    problems.push({ file: ARCHITECTURE, line, message });
  };
  const place = (row: TableRow, entry: Place): void => {
    if (places.has(entry.name)) problem(row.line, `\`${entry.name}\` has two places`);
    places.set(entry.name, entry);
  };

  const tables = tablesOf(markdown);
  const floors = tables.find((table) => table.header.join(' | ') === 'floor | packages | may touch');
  if (floors === undefined) problem(1, 'has no table `floor | packages | may touch`');
  for (const row of floors?.rows ?? []) {
    const [floorCell = '', packagesCell = '', touchCell = ''] = row.cells;
    const floor = Number.parseInt(floorCell, 10);
    if (Number.isNaN(floor)) {
      problem(row.line, 'the row does not begin with the number of a floor');
      continue;
    }
    const mayTouch = parseTouch(touchCell, (word) => problem(row.line, `knows no capability \`${word}\``));
    packagesCell.split(/;\s*then\b/).forEach((cell, step) => {
      for (const name of codeSpans(cell)) place(row, { on: 'floor', name, floor, step, mayTouch });
    });
  }

  const tooling = tables.find((table) => table.header.join(' | ') === 'tooling | imports | used by');
  if (tooling === undefined) problem(1, 'has no table `tooling | imports | used by`');
  for (const row of tooling?.rows ?? []) {
    const [nameCell = '', importsCell = '', usedByCell = ''] = row.cells;
    for (const name of codeSpans(nameCell)) {
      place(row, {
        on: 'tooling',
        name,
        imports: importsCell === 'everything' ? 'everything' : new Set(numbersIn(importsCell)),
        usedByTests: /\btests\b/.test(usedByCell),
        usedBy: new Set(codeSpans(usedByCell)),
      });
    }
  }
  return { places, problems };
}

/** Reads `` `time` (in `clock.ts`), `diagnostics` `` or the word `everything`. */
function parseTouch(cell: string, unknown: (word: string) => void): FloorPlace['mayTouch'] {
  const mayTouch = new Map<Capability, string | undefined>();
  if (/^everything\b/.test(cell)) {
    for (const word of Object.keys(CAPABILITIES)) if (isCapability(word)) mayTouch.set(word, undefined);
    return mayTouch;
  }
  for (const [, word = '', onlyIn] of cell.matchAll(/`([^`]+)`(?: \(in `([^`]+)`\))?/g)) {
    if (isCapability(word)) mayTouch.set(word, onlyIn);
    else unknown(word);
  }
  return mayTouch;
}

function numbersIn(text: string): readonly number[] {
  return [...text.matchAll(/\d+/g)].map((match) => Number(match[0]));
}

/**
 * Why one package may not import another, or undefined where it may.
 *
 * Sources import from lower floors only. Tests may also use the tools that are there for tests, and, from floor 4
 * up, their neighbours: a test of the server runs the real client.
 */
export function refusalOf(from: Place, to: Place, inTest: boolean): string | undefined {
  if (from.on === 'tooling' && from.imports === 'everything') return undefined;
  if (to.on === 'tooling') {
    if (to.usedBy.has(from.name) || (inTest && to.usedByTests)) return undefined;
    return `\`${to.name}\` is a tool, and not one for ${inTest ? 'tests' : `\`${from.name}\``}`;
  }
  if (from.on === 'tooling') {
    if (from.imports !== 'everything' && from.imports.has(to.floor)) return undefined;
    return `\`${from.name}\` imports nothing from floor ${to.floor}`;
  }
  if (to.floor < from.floor) return undefined;
  if (to.floor > from.floor)
    return `floor ${from.floor} imports nothing from floor ${to.floor}: downwards only`;
  if (to.step < from.step || (inTest && from.floor >= 4)) return undefined;
  return `both stand on floor ${from.floor}, and neighbours do not import each other`;
}
