import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import type { Check, Problem } from './check.ts';
import { codeSpans } from './markdown.ts';
import type { Tree } from './tree.ts';
import { type Manifest, manifestLine, readWorkspaces, type Workspace } from './workspace.ts';

const WORKSPACE_FILE = 'pnpm-workspace.yaml';
const DEPENDENCIES_FILE = 'docs/dependencies.md';

/** What every published package says in the same words. */
const TEMPLATE: Readonly<Record<string, unknown>> = {
  license: 'Apache-2.0',
  type: 'module',
  sideEffects: false,
  engines: { node: '>=22.12' },
  files: ['dist', 'src', '!src/**/*.test.ts'],
};

/** Published packages have one shape and one front door; versions come from the catalog; dependencies are explained. */
export const packages: Check = {
  name: 'packages',
  run({ tree }) {
    const { all } = readWorkspaces(tree);
    const published = all.filter(isPublished);
    const catalog = catalogOf(tree);
    const problems = [
      ...published.flatMap((workspace) => shapeProblems(tree, workspace)),
      ...catalog.problems,
      ...all.flatMap((workspace) => versionProblems(tree, workspace, catalog.names)),
      ...explanationProblems(tree, all),
    ];
    return Promise.resolve({ problems, seen: `${published.length} published packages` });
  },
};

function isPublished(workspace: Workspace): boolean {
  return (
    workspace.kind === 'packages' || (workspace.kind === 'tooling' && workspace.manifest.private !== true)
  );
}

function shapeProblems(tree: Tree, workspace: Workspace): readonly Problem[] {
  const { directory, manifest } = workspace;
  const file = `${directory}/package.json`;
  const problems: Problem[] = [];
  const problem = (field: string, message: string): void => {
    problems.push({ file, line: manifestLine(tree, workspace, field), message });
  };

  if (manifest.name !== `@rta/${workspace.name}`) problem('name', `\`name\` is not @rta/${workspace.name}`);
  if (manifest.private === true) problem('private', 'is private: it belongs in apps/ or tooling/');
  if (typeof manifest['description'] !== 'string' || manifest['description'].trim() === '') {
    problem('description', 'has no `description`');
  }
  for (const [field, expected] of Object.entries(TEMPLATE)) {
    if (isDeepStrictEqual(manifest[field], expected)) continue;
    problem(field, `\`${field}\` is not ${JSON.stringify(expected)}`);
  }
  const { scripts, repository } = manifest;
  if (!isRecord(scripts) || scripts['build'] !== 'tsc -p tsconfig.build.json') {
    problem('scripts', '`scripts.build` is not `tsc -p tsconfig.build.json`');
  }
  if (!isRecord(repository) || repository['directory'] !== directory) {
    problem('repository', `\`repository.directory\` is not ${directory}`);
  }
  for (const needed of ['README.md', 'tsconfig.build.json', 'src/index.ts']) {
    if (tree.read(`${directory}/${needed}`) === undefined) problem('name', `has no ${needed}`);
  }
  for (const message of exportFaults(tree, directory, manifest)) problem('exports', message);
  for (const source of workspace.sources) {
    for (const line of source.starExportLines) {
      problems.push({ file: source.path, line, message: '`export *` hides what is exported: name it' });
    }
  }
  return problems;
}

/** `.` and each subpath lead to one source file and to what is built from it; nothing else is reachable. */
function exportFaults(tree: Tree, directory: string, manifest: Manifest): readonly string[] {
  const { exports = {} } = manifest;
  const faults: string[] = [];
  if (!('.' in exports)) faults.push('`exports` has no `.`');
  if (exports['./package.json'] !== './package.json') faults.push('`exports` has no `./package.json`');
  for (const [subpath, target] of Object.entries(exports)) {
    if (subpath === './package.json') continue;
    const module = subpath === '.' ? 'index' : subpath.slice(2);
    const expected = {
      'rta-source': `./src/${module}.ts`,
      types: `./dist/${module}.d.ts`,
      default: `./dist/${module}.js`,
    };
    // Conditions count in the order in which they are written.
    if (JSON.stringify(target) !== JSON.stringify(expected)) {
      faults.push(`\`exports\`: \`${subpath}\` is not ${JSON.stringify(expected)}`);
    } else if (tree.read(`${directory}/src/${module}.ts`) === undefined) {
      faults.push(`\`exports\`: \`${subpath}\`: there is no src/${module}.ts`);
    }
  }
  return faults;
}

interface Catalog {
  readonly names: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

function catalogOf(tree: Tree): Catalog {
  const text = tree.read(WORKSPACE_FILE) ?? '';
  const parsed: unknown = parse(text);
  const catalog = isRecord(parsed) && isRecord(parsed['catalog']) ? parsed['catalog'] : {};
  const lines = text.split('\n');
  const problems = Object.entries(catalog)
    .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(String(version)))
    .map(([name, version]) => ({
      file: WORKSPACE_FILE,
      line: lines.findIndex((line) => line.trimStart().replace(/^"/, '').startsWith(name)) + 1,
      message: `${name}: ${String(version)} is not one exact version`,
    }));
  return { names: new Set(Object.keys(catalog)), problems };
}

function versionProblems(tree: Tree, workspace: Workspace, catalog: ReadonlySet<string>): readonly Problem[] {
  const { manifest } = workspace;
  const ours = new Set(readWorkspaces(tree).byPackage.keys());
  const problems: Problem[] = [];
  for (const field of ['dependencies', 'devDependencies', 'optionalDependencies'] as const) {
    for (const [name, version] of Object.entries(manifest[field] ?? {})) {
      const expected = ours.has(name) ? 'workspace:^' : 'catalog:';
      const inCatalog = expected === 'workspace:^' || catalog.has(name);
      if (version === expected && inCatalog) continue;
      problems.push({
        file: `${workspace.directory}/package.json`,
        line: manifestLine(tree, workspace, name),
        message: inCatalog
          ? `${name} is \`${version}\`, not \`${expected}\``
          : `${name} is not in the catalog`,
      });
    }
  }
  return problems;
}

function explanationProblems(tree: Tree, all: readonly Workspace[]): readonly Problem[] {
  const explained = new Set(codeSpans(tree.read(DEPENDENCIES_FILE) ?? ''));
  const ours = readWorkspaces(tree).byPackage;
  const problems: Problem[] = [];
  const asked = new Set<string>();
  for (const workspace of all) {
    if (workspace.kind === 'tooling' && !isPublished(workspace)) continue;
    for (const name of Object.keys(workspace.manifest.dependencies ?? {})) {
      if (ours.has(name) || explained.has(name) || asked.has(name)) continue;
      asked.add(name);
      problems.push({
        file: `${workspace.directory}/package.json`,
        line: manifestLine(tree, workspace, name),
        message: `${name} is not explained in ${DEPENDENCIES_FILE}`,
      });
    }
  }
  return problems;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
