import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Implementation } from './implementations.ts';
import { CACHE } from './paths.ts';
import type { Outcome } from './report.ts';

/** Keeps what the last run with an implementation found. */
export function keepOutcomes({ name }: Implementation, outcomes: readonly Outcome[]): void {
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(fileOf(name), JSON.stringify(outcomes, undefined, 2));
}

/**
 * What the last run with an implementation found.
 *
 * @throws Error where there was none.
 */
export function keptOutcomes({ name }: Implementation): readonly Outcome[] {
  try {
    return JSON.parse(readFileSync(fileOf(name), 'utf8')) as Outcome[];
  } catch (cause) {
    throw new Error(`there was no run with ${name}: run its tests first`, { cause });
  }
}

function fileOf(name: string): string {
  return join(CACHE, `${name}-outcomes.json`);
}
