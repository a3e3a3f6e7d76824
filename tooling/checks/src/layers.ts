import { posix } from 'node:path';
import { CAPABILITIES } from './capabilities.ts';
import type { Check, Problem } from './check.ts';
import { ARCHITECTURE, type FloorPlace, type Place, parseFloors, refusalOf } from './floors.ts';
import type { ImportUse, SourceFile } from './source-file.ts';
import { touchesOf } from './touches.ts';
import { manifestLine, readWorkspaces, type Workspace, type Workspaces } from './workspace.ts';

/**
 * Imports go downwards only, name what the importer declares, and no floor touches what its row does not name.
 *
 * @see ARCHITECTURE.md
 */
export const layers: Check = {
  name: 'layers',
  run({ tree }) {
    const workspaces = readWorkspaces(tree);
    const floors = parseFloors(tree.read(ARCHITECTURE) ?? '');
    const problems: Problem[] = [...workspaces.problems, ...floors.problems];
    let importCount = 0;

    for (const [name] of floors.places) {
      if (workspaces.all.some((workspace) => workspace.name === name)) continue;
      problems.push({ file: ARCHITECTURE, line: 1, message: `gives \`${name}\` a place, but there is none` });
    }
    for (const workspace of workspaces.all) {
      const place = floors.places.get(workspace.name);
      if (place === undefined) {
        const message = `has no place in the tables of ${ARCHITECTURE}`;
        problems.push({ file: `${workspace.directory}/package.json`, line: 1, message });
        continue;
      }
      const context: Context = { workspace, place, places: floors.places, workspaces };
      const at = (field: string): number => manifestLine(tree, workspace, field);
      problems.push(...manifestProblems(context, at));
      for (const [files, inTest] of [
        [workspace.sources, false],
        [workspace.tests, true],
      ] as const) {
        for (const file of files) {
          for (const use of file.imports) {
            importCount++;
            const message = importRefusal(context, file, use, inTest);
            if (message !== undefined) problems.push({ file: file.path, line: use.line, message });
          }
        }
      }
      if (place.on === 'floor') {
        for (const file of workspace.sources) problems.push(...touchProblems(place, file));
      }
    }
    problems.push(...cycleProblems(workspaces));
    return Promise.resolve({ problems, seen: `${workspaces.all.length} packages, ${importCount} imports` });
  },
};

interface Context {
  readonly workspace: Workspace;
  readonly place: Place;
  readonly places: ReadonlyMap<string, Place>;
  readonly workspaces: Workspaces;
}

function manifestProblems(context: Context, lineOf: (dependency: string) => number): readonly Problem[] {
  const { workspace, place, places, workspaces } = context;
  const problems: Problem[] = [];
  for (const [field, inTest] of [
    ['dependencies', false],
    ['peerDependencies', false],
    ['optionalDependencies', false],
    ['devDependencies', true],
  ] as const) {
    for (const dependency of Object.keys(workspace.manifest[field] ?? {})) {
      const target = workspaces.byPackage.get(dependency);
      const targetPlace = target === undefined ? undefined : places.get(target.name);
      const refusal = targetPlace === undefined ? undefined : refusalOf(place, targetPlace, inTest);
      if (refusal === undefined) continue;
      problems.push({
        file: `${workspace.directory}/package.json`,
        line: lineOf(dependency),
        message: `${field}: ${dependency}: ${refusal}`,
      });
    }
  }
  return problems;
}

function importRefusal(
  context: Context,
  file: SourceFile,
  use: ImportUse,
  inTest: boolean,
): string | undefined {
  const { specifier } = use;
  if (specifier === undefined) {
    const mayCompute = inTest || context.workspace.kind === 'tooling';
    return mayCompute ? undefined : 'the name of an imported module is computed: nobody can check it';
  }
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('.')) return relativeRefusal(context.workspace, file, specifier, inTest);
  return packageRefusal(context, specifier, inTest);
}

function relativeRefusal(
  workspace: Workspace,
  file: SourceFile,
  specifier: string,
  inTest: boolean,
): string | undefined {
  const target = posix.join(posix.dirname(file.path), specifier);
  if (!target.startsWith(`${workspace.directory}/`)) {
    return `${specifier} leaves the package: import its front door by name`;
  }
  const targetIsTest = target.startsWith(`${workspace.directory}/test/`) || target.endsWith('.test.ts');
  if (!inTest && targetIsTest) return `${specifier} is a test: sources do not import tests`;
  return undefined;
}

function packageRefusal(context: Context, specifier: string, inTest: boolean): string | undefined {
  const { workspace, place, places, workspaces } = context;
  const [scopeOrName = '', second = ''] = specifier.split('/');
  const name = scopeOrName.startsWith('@') ? `${scopeOrName}/${second}` : scopeOrName;

  if (name === workspace.manifest.name) {
    return inTest ? undefined : `${specifier} is the package itself: import the file`;
  }
  const { dependencies = {}, devDependencies = {}, peerDependencies = {} } = workspace.manifest;
  const declared = name in dependencies || name in peerDependencies;
  const declaredForTests = name in devDependencies || workspaces.rootDevDependencies.has(name);
  if (!declared && !(inTest && declaredForTests)) {
    return `${name} is not among the ${inTest ? '' : 'runtime '}dependencies in ${workspace.directory}/package.json`;
  }
  const target = workspaces.byPackage.get(name);
  if (target === undefined) return undefined;
  const subpath = `.${specifier.slice(name.length)}`;
  if (!Object.hasOwn(target.manifest.exports ?? {}, subpath)) return `${name} exports no \`${subpath}\``;
  const targetPlace = places.get(target.name);
  return targetPlace === undefined ? undefined : refusalOf(place, targetPlace, inTest);
}

function touchProblems(place: FloorPlace, file: SourceFile): readonly Problem[] {
  const problems: Problem[] = [];
  for (const touch of touchesOf(file)) {
    if (touch.capability === 'weak-randomness') {
      const message = `${touch.what} can be guessed: take bytes of node:crypto`;
      problems.push({ file: file.path, line: touch.line, message });
      continue;
    }
    const onlyIn = place.mayTouch.get(touch.capability);
    const allowed =
      place.mayTouch.has(touch.capability) && (onlyIn === undefined || file.path.endsWith(`/src/${onlyIn}`));
    if (allowed) continue;
    const meaning = CAPABILITIES[touch.capability];
    const message = `${touch.what}: floor ${place.floor} does not touch \`${touch.capability}\` (${meaning})`;
    problems.push({ file: file.path, line: touch.line, message });
  }
  return problems;
}

/** The build orders packages by all their dependencies, those for tests included: a cycle stops it. */
function cycleProblems(workspaces: Workspaces): readonly Problem[] {
  const done = new Set<string>();
  const problems: Problem[] = [];
  const visit = (workspace: Workspace, path: readonly string[]): void => {
    const { name, dependencies = {}, devDependencies = {} } = workspace.manifest;
    const start = path.indexOf(name);
    if (start !== -1) {
      const cycle = [...path.slice(start), name].join(' → ');
      problems.push({ file: `${workspace.directory}/package.json`, line: 1, message: `cycle: ${cycle}` });
      return;
    }
    if (done.has(name)) return;
    for (const dependency of Object.keys({ ...dependencies, ...devDependencies })) {
      const target = workspaces.byPackage.get(dependency);
      if (target !== undefined) visit(target, [...path, name]);
    }
    done.add(name);
  };
  for (const workspace of workspaces.all) visit(workspace, []);
  return problems;
}
