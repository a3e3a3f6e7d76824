import { describe, expect, it } from 'vitest';
import { houseOf, manifestOf, problemsOf } from '../test/house.ts';
import { packages } from './packages.ts';

const PORT = 'packages/port/package.json';

describe('packages', () => {
  it('finds nothing wrong with the template', async () => {
    const port = manifestOf('port', { dependencies: { zod: 'catalog:', '@rta/core': 'workspace:^' } });

    expect(await problemsOf(packages, houseOf({ [PORT]: port }))).toEqual([]);
  });

  it.each([
    ['no description', { description: ' ' }, '3 has no `description`'],
    ['another licence', { license: 'MIT' }, '4 `license` is not "Apache-2.0"'],
    ['another engine', { engines: { node: '>=18' } }, '10 `engines` is not {"node":">=22.12"}'],
    ['another name', { name: '@other/port' }, '2 `name` is not @rta/port'],
    ['the private flag', { private: true }, '29 is private: it belongs in apps/ or tooling/'],
    [
      'tests in what is published',
      { files: ['dist', 'src'] },
      '13 `files` is not ["dist","src","!src/**/*.test.ts"]',
    ],
    [
      'the folder of another',
      { repository: { directory: 'packages/left' } },
      '6 `repository.directory` is not packages/port',
    ],
    [
      'another build',
      { scripts: { build: 'tsup' } },
      '26 `scripts.build` is not `tsc -p tsconfig.build.json`',
    ],
    ['no front door', { exports: { './package.json': './package.json' } }, '18 `exports` has no `.`'],
  ])('refuses a manifest with %s', async (_name, changes, problem) => {
    const problems = await problemsOf(packages, houseOf({ [PORT]: manifestOf('port', changes) }));

    expect(problems).toEqual([`${PORT}:${problem}`]);
  });

  it('refuses conditions in an order in which types are found too late', async () => {
    const front = { 'rta-source': './src/index.ts', default: './dist/index.js', types: './dist/index.d.ts' };
    const port = manifestOf('port', { exports: { '.': front, './package.json': './package.json' } });

    expect(await problemsOf(packages, houseOf({ [PORT]: port }))).toEqual([
      'packages/port/package.json:18 `exports`: `.` is not {"rta-source":"./src/index.ts","types":"./dist/index.d.ts","default":"./dist/index.js"}',
    ]);
  });

  it('refuses a subpath without a source', async () => {
    const extra = { 'rta-source': './src/extra.ts', types: './dist/extra.d.ts', default: './dist/extra.js' };
    const front = { 'rta-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' };
    const port = manifestOf('port', {
      exports: { '.': front, './extra': extra, './package.json': './package.json' },
    });

    expect(await problemsOf(packages, houseOf({ [PORT]: port }))).toEqual([
      'packages/port/package.json:18 `exports`: `./extra`: there is no src/extra.ts',
    ]);
  });

  it('refuses a package without a README', async () => {
    const { paths, read } = houseOf();
    const tree = {
      paths,
      read: (path: string) => (path === 'packages/port/README.md' ? undefined : read(path)),
    };

    expect(await problemsOf(packages, tree)).toEqual(['packages/port/package.json:2 has no README.md']);
  });

  it('refuses `export *`', async () => {
    const tree = houseOf({
      'packages/port/src/index.ts': "export { a } from './a.ts';\nexport * from './b.ts';\n",
    });

    expect(await problemsOf(packages, tree)).toEqual([
      'packages/port/src/index.ts:2 `export *` hides what is exported: name it',
    ]);
  });
});

describe('dependencies', () => {
  it('refuses versions outside the catalog, in tools and apps too', async () => {
    const tree = houseOf({
      [PORT]: manifestOf('port', { dependencies: { zod: '^4.0.0', '@rta/core': '0.0.0' } }),
      'tooling/bench/package.json': manifestOf('bench', {
        private: true,
        devDependencies: { ws: 'catalog:' },
      }),
    });

    expect(await problemsOf(packages, tree)).toEqual([
      'packages/port/package.json:30 zod is `^4.0.0`, not `catalog:`',
      'packages/port/package.json:31 @rta/core is `0.0.0`, not `workspace:^`',
      'tooling/bench/package.json:31 ws is not in the catalog',
    ]);
  });

  it('refuses a range in the catalog', async () => {
    const tree = houseOf({ 'pnpm-workspace.yaml': 'catalog:\n  vitest: 5.1.1\n  "zod": ^4.6.7\n' });

    expect(await problemsOf(packages, tree)).toEqual([
      'pnpm-workspace.yaml:3 zod: ^4.6.7 is not one exact version',
    ]);
  });

  it('refuses a runtime dependency that nobody explained, once', async () => {
    const tree = houseOf({
      'pnpm-workspace.yaml': 'catalog:\n  cborg: 6.1.5\n  vitest: 5.1.1\n',
      [PORT]: manifestOf('port', {
        dependencies: { cborg: 'catalog:' },
        devDependencies: { vitest: 'catalog:' },
      }),
      'apps/app/package.json': manifestOf('app', { dependencies: { cborg: 'catalog:' } }),
    });

    expect(await problemsOf(packages, tree)).toEqual([
      'apps/app/package.json:30 cborg is not explained in docs/dependencies.md',
    ]);
  });
});
