import type { Tree } from './tree.ts';

/** Something that is wrong, and where. */
export interface Problem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly message: string;
}

/** What a check works with. */
export interface CheckContext {
  readonly tree: Tree;
  /** Imports a module of the tree and gives its exports. */
  readonly load: (path: string) => Promise<Readonly<Record<string, unknown>>>;
}

/** What a check found. */
export interface CheckResult {
  readonly problems: readonly Problem[];
  /** What was looked at, in a few words: a check that saw nothing must not look like one that passed. */
  readonly seen: string;
  /** Lines for a reader who asks for more. */
  readonly table?: readonly string[];
  /** A document that this check makes from the code; it must stand in the tree, letter for letter. */
  readonly document?: { readonly path: string; readonly text: string };
}

/** One check of the house. */
export interface Check {
  readonly name: string;
  run(context: CheckContext): Promise<CheckResult>;
}
