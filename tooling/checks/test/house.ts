import type { Check, CheckResult } from '../src/check.ts';
import { type Tree, treeOf } from '../src/tree.ts';

const ARCHITECTURE = `
| floor | packages | may touch |
|---|---|---|
| 5 apps | \`app\` | everything |
| 4 composition | \`server\`, \`sdk\` | \`dates\`, \`sockets\` |
| 3 adapters | \`left\`, \`right\` | \`sockets\` |
| 2 ports | \`port\` | \`turns\` |
| 1 sans-I/O | \`token\`; then \`protocol\` | \`hashes\` |
| 0 vocabulary | \`core\` | \`time\` (in \`clock.ts\`), \`dates\` (in \`clock.ts\`) |

| tooling | imports | used by |
|---|---|---|
| \`testkit\` | floors 0 and 2 | tests |
| \`devkit\` | floor 0 | \`app\` |
| \`bench\` | everything | |
`;

const FOLDERS = {
  app: 'apps/app',
  server: 'packages/server',
  sdk: 'packages/sdk',
  left: 'packages/left',
  right: 'packages/right',
  port: 'packages/port',
  token: 'packages/token',
  protocol: 'packages/protocol',
  core: 'packages/core',
  testkit: 'tooling/testkit',
  devkit: 'tooling/devkit',
  bench: 'tooling/bench',
} as const;

/** A package of the small house. */
export type HousePackage = keyof typeof FOLDERS;

/** A well-formed manifest of one package of the small house, with what a test wants otherwise. */
export function manifestOf(name: HousePackage, changes: object = {}): string {
  const manifest = {
    name: `@rta/${name}`,
    description: `The ${name}.`,
    license: 'Apache-2.0',
    type: 'module',
    repository: { directory: FOLDERS[name] },
    sideEffects: false,
    engines: { node: '>=22.12' },
    files: ['dist', 'src', '!src/**/*.test.ts'],
    exports: {
      '.': { 'rta-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
      './package.json': './package.json',
    },
    scripts: { build: 'tsc -p tsconfig.build.json' },
    ...changes,
  };
  return JSON.stringify(manifest, null, 2);
}

/** A small house in which everything is in order, with the files that a test adds or changes. */
export function houseOf(files: Readonly<Record<string, string>> = {}): Tree {
  const house: Record<string, string> = {
    'ARCHITECTURE.md': ARCHITECTURE,
    'package.json': JSON.stringify({ name: 'house', devDependencies: { vitest: 'catalog:' } }),
    'pnpm-workspace.yaml': 'catalog:\n  vitest: 5.1.1\n  zod: 4.6.7\n',
    'docs/dependencies.md': '- `zod`: reads what comes from outside.\n',
  };
  for (const [name, folder] of Object.entries(FOLDERS)) {
    house[`${folder}/package.json`] = manifestOf(name as HousePackage);
    house[`${folder}/README.md`] = `# @rta/${name}\n`;
    house[`${folder}/tsconfig.build.json`] = '{}';
    house[`${folder}/src/index.ts`] = 'export {};\n';
  }
  return treeOf({ ...house, ...files });
}

/** Runs a check, and gives its problems as the lines that are printed. */
export async function problemsOf(
  check: Check,
  tree: Tree,
  modules: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): Promise<readonly string[]> {
  const { problems } = await resultOf(check, tree, modules);
  return problems.map(({ file, line, message }) => `${file}:${line} ${message}`);
}

/** Runs a check on a tree whose modules export what is given here. */
export async function resultOf(
  check: Check,
  tree: Tree,
  modules: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): Promise<CheckResult> {
  return check.run({
    tree,
    load: (path) => {
      const exported = modules[path];
      return exported === undefined
        ? Promise.reject(new Error(`no such module: ${path}`))
        : Promise.resolve(exported);
    },
  });
}
