import type { Problem } from './check.ts';
import { parseSource, SourceError, type SourceFile } from './source-file.ts';
import type { Tree } from './tree.ts';

/** The parts of a `package.json` that the checks read. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** One package of the monorepo. */
export interface Workspace {
  /** `packages/token` */
  readonly directory: string;
  readonly kind: 'packages' | 'apps' | 'tooling';
  /** Name of the folder, and of the package after `@rta/`. */
  readonly name: string;
  readonly manifest: Manifest;
  /** What is published, or runs as the application. */
  readonly sources: readonly SourceFile[];
  /** `*.test.ts` and everything under `test/`. */
  readonly tests: readonly SourceFile[];
}

/** The packages of the monorepo, and the files among them that could not be read. */
export interface Workspaces {
  readonly all: readonly Workspace[];
  readonly byPackage: ReadonlyMap<string, Workspace>;
  /** Development dependencies of the root: every test may use them. */
  readonly rootDevDependencies: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

const MANIFEST = /^(packages|apps|tooling)\/([^/]+)\/package\.json$/;

const read = new WeakMap<Tree, Workspaces>();

/** Reads every package of the tree; once for each tree. */
export function readWorkspaces(tree: Tree): Workspaces {
  const known = read.get(tree);
  if (known !== undefined) return known;

  const all: Workspace[] = [];
  const problems: Problem[] = [];
  for (const path of tree.paths) {
    const match = MANIFEST.exec(path);
    if (match === null) continue;
    const [, kind, name] = match as unknown as [string, Workspace['kind'], string];
    const directory = `${kind}/${name}`;
    const manifest = parseManifest(tree.read(path));
    if (manifest === undefined) {
      problems.push({ file: path, line: 1, message: 'is not a JSON object with a name' });
      continue;
    }
    const sources: SourceFile[] = [];
    const tests: SourceFile[] = [];
    for (const file of tree.paths) {
      if (!file.startsWith(`${directory}/`) || !file.endsWith('.ts')) continue;
      const inside = file.slice(directory.length + 1);
      const isTest = inside.startsWith('test/') || inside.endsWith('.test.ts');
      if (!isTest && !inside.startsWith('src/')) continue;
      try {
        (isTest ? tests : sources).push(parseSource(file, tree.read(file) ?? ''));
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        problems.push({ file, line: error.line, message: `cannot be parsed: ${error.message}` });
      }
    }
    all.push({ directory, kind, name, manifest, sources, tests });
  }

  const root = parseManifest(tree.read('package.json'));
  const workspaces: Workspaces = {
    all,
    byPackage: new Map(all.map((workspace) => [workspace.manifest.name, workspace])),
    rootDevDependencies: new Set(Object.keys(root?.devDependencies ?? {})),
    problems,
  };
  read.set(tree, workspaces);
  return workspaces;
}

function parseManifest(text: string | undefined): Manifest | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isManifest(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isManifest(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string';
}

/** The line of `package.json` that a member stands on, for messages. */
export function manifestLine(tree: Tree, workspace: Workspace, member: string): number {
  const lines = (tree.read(`${workspace.directory}/package.json`) ?? '').split('\n');
  const index = lines.findIndex((line) => line.includes(`"${member}"`));
  return index === -1 ? 1 : index + 1;
}
