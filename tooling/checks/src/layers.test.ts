import { describe, expect, it } from 'vitest';
import { houseOf, manifestOf, problemsOf } from '../test/house.ts';
import { layers } from './layers.ts';

describe('the floors', () => {
  it('finds nothing in a house that is in order', async () => {
    const tree = houseOf({
      'packages/server/package.json': manifestOf('server', {
        dependencies: { '@rta/token': 'workspace:^' },
        devDependencies: { '@rta/sdk': 'workspace:^', '@rta/testkit': 'workspace:^' },
      }),
      'packages/server/src/index.ts': "import { a } from '@rta/token';\nexport { a };\n",
      'packages/server/test/a.test.ts':
        "import { it } from 'vitest';\nimport '@rta/sdk';\nimport '@rta/testkit';\nimport '../src/index.ts';\nit;\n",
      'packages/protocol/package.json': manifestOf('protocol', {
        dependencies: { '@rta/token': 'workspace:^' },
      }),
      'packages/protocol/src/index.ts': "export { a } from '@rta/token';\n",
      'apps/app/package.json': manifestOf('app', { dependencies: { '@rta/devkit': 'workspace:^' } }),
      'apps/app/src/main.ts': "import '@rta/devkit';\nconsole.log(process.env['A'], Date.now());\n",
    });

    expect(await problemsOf(layers, tree)).toEqual([]);
  });

  it('refuses an import from a higher floor, and the dependency that allows it', async () => {
    const tree = houseOf({
      'packages/token/package.json': manifestOf('token', { dependencies: { '@rta/port': 'workspace:^' } }),
      'packages/token/src/index.ts': "\nimport type { P } from '@rta/port';\nexport type Q = P;\n",
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/token/package.json:30 dependencies: @rta/port: floor 1 imports nothing from floor 2: downwards only',
      'packages/token/src/index.ts:2 floor 1 imports nothing from floor 2: downwards only',
    ]);
  });

  it('refuses an import between adapters, in tests too', async () => {
    const tree = houseOf({
      'packages/left/package.json': manifestOf('left', { devDependencies: { '@rta/right': 'workspace:^' } }),
      'packages/left/test/a.test.ts': "import '@rta/right';\n",
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/left/package.json:30 devDependencies: @rta/right: both stand on floor 3, and neighbours do not import each other',
      'packages/left/test/a.test.ts:1 both stand on floor 3, and neighbours do not import each other',
    ]);
  });

  it('refuses the step of a floor that is built the other way round', async () => {
    const tree = houseOf({
      'packages/token/package.json': manifestOf('token', {
        dependencies: { '@rta/protocol': 'workspace:^' },
      }),
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/token/package.json:30 dependencies: @rta/protocol: both stand on floor 1, and neighbours do not import each other',
    ]);
  });

  it('refuses a neighbour in sources of floor 4 that is fine in its tests', async () => {
    const tree = houseOf({
      'packages/server/package.json': manifestOf('server', { dependencies: { '@rta/sdk': 'workspace:^' } }),
      'packages/server/src/index.ts': "export { a } from '@rta/sdk';\n",
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/server/package.json:30 dependencies: @rta/sdk: both stand on floor 4, and neighbours do not import each other',
      'packages/server/src/index.ts:1 both stand on floor 4, and neighbours do not import each other',
    ]);
  });

  it('refuses a tool in sources, and a tool of others in tests', async () => {
    const tree = houseOf({
      'packages/server/package.json': manifestOf('server', {
        dependencies: { '@rta/testkit': 'workspace:^' },
        devDependencies: { '@rta/devkit': 'workspace:^' },
      }),
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/server/package.json:30 dependencies: @rta/testkit: `testkit` is a tool, and not one for `server`',
      'packages/server/package.json:33 devDependencies: @rta/devkit: `devkit` is a tool, and not one for tests',
    ]);
  });

  it('holds tools to the floors that they may import from', async () => {
    const tree = houseOf({
      'tooling/testkit/package.json': manifestOf('testkit', { dependencies: { '@rta/left': 'workspace:^' } }),
      'tooling/bench/package.json': manifestOf('bench', { dependencies: { '@rta/left': 'workspace:^' } }),
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'tooling/testkit/package.json:30 dependencies: @rta/left: `testkit` imports nothing from floor 3',
    ]);
  });

  it('refuses a cycle of packages, development dependencies included', async () => {
    const tree = houseOf({
      'tooling/testkit/package.json': manifestOf('testkit', { dependencies: { '@rta/port': 'workspace:^' } }),
      'packages/port/package.json': manifestOf('port', {
        devDependencies: { '@rta/testkit': 'workspace:^' },
      }),
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/port/package.json:1 cycle: @rta/port → @rta/testkit → @rta/port',
    ]);
  });

  it('refuses packages without a place, and places without a package', async () => {
    const tree = houseOf({
      'packages/stray/package.json': '{ "name": "@rta/stray" }',
      'ARCHITECTURE.md': (houseOf().read('ARCHITECTURE.md') ?? '').replace('`left`', '`left`, `ghost`'),
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'ARCHITECTURE.md:1 gives `ghost` a place, but there is none',
      'packages/stray/package.json:1 has no place in the tables of ARCHITECTURE.md',
    ]);
  });

  it('refuses everything where the tables are missing', async () => {
    const problems = await problemsOf(layers, houseOf({ 'ARCHITECTURE.md': '# Nothing\n' }));

    expect(problems.slice(0, 3)).toEqual([
      'ARCHITECTURE.md:1 has no table `floor | packages | may touch`',
      'ARCHITECTURE.md:1 has no table `tooling | imports | used by`',
      'apps/app/package.json:1 has no place in the tables of ARCHITECTURE.md',
    ]);
  });
});

describe('imports', () => {
  it('refuses a package that is not declared, however it is imported', async () => {
    const tree = houseOf({
      'packages/port/src/index.ts': [
        "import 'zod';",
        "export { z } from 'zod/v4';",
        "type T = import('@noble/hashes/sha2.js').T;",
        "await import('zod');",
        'export type U = T;',
      ].join('\n'),
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/port/src/index.ts:1 zod is not among the runtime dependencies in packages/port/package.json',
      'packages/port/src/index.ts:2 zod is not among the runtime dependencies in packages/port/package.json',
      'packages/port/src/index.ts:3 @noble/hashes is not among the runtime dependencies in packages/port/package.json',
      'packages/port/src/index.ts:4 zod is not among the runtime dependencies in packages/port/package.json',
    ]);
  });

  it('refuses in sources what is declared for tests only', async () => {
    const tree = houseOf({
      'packages/port/package.json': manifestOf('port', { devDependencies: { zod: 'catalog:' } }),
      'packages/port/src/index.ts': "import 'zod';\nimport 'vitest';\n",
      'packages/port/src/index.test.ts': "import 'zod';\nimport 'vitest';\n",
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/port/src/index.ts:1 zod is not among the runtime dependencies in packages/port/package.json',
      'packages/port/src/index.ts:2 vitest is not among the runtime dependencies in packages/port/package.json',
    ]);
  });

  it('refuses a back door into a package', async () => {
    const tree = houseOf({
      'packages/left/package.json': manifestOf('left', { dependencies: { '@rta/port': 'workspace:^' } }),
      'packages/left/src/index.ts': "import '@rta/port/src/index.ts';\nimport '../../port/src/index.ts';\n",
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/left/src/index.ts:1 @rta/port exports no `./src/index.ts`',
      'packages/left/src/index.ts:2 ../../port/src/index.ts leaves the package: import its front door by name',
    ]);
  });

  it('refuses sources that import tests, or their own package by name', async () => {
    const tree = houseOf({
      'packages/left/src/index.ts': "import './a.test.ts';\nimport '../test/b.ts';\nimport '@rta/left';\n",
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/left/src/index.ts:1 ./a.test.ts is a test: sources do not import tests',
      'packages/left/src/index.ts:2 ../test/b.ts is a test: sources do not import tests',
      'packages/left/src/index.ts:3 @rta/left is the package itself: import the file',
    ]);
  });

  it('refuses a computed module name in a package', async () => {
    const tree = houseOf({ 'packages/left/src/index.ts': 'const m = `node:${1}`;\nawait import(m);\n' });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/left/src/index.ts:2 the name of an imported module is computed: nobody can check it',
    ]);
  });

  it('is not deceived by imports in comments and texts, and finds those on odd lines', async () => {
    const tree = houseOf({
      'packages/port/src/index.ts': [
        "// import 'zod';",
        'export const text = "import \'zod\'";',
        '/*',
        " import 'zod'; */ import {",
        '  z',
        "} from 'zod'; export { z };",
      ].join('\n'),
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/port/src/index.ts:4 zod is not among the runtime dependencies in packages/port/package.json',
    ]);
  });

  it('reports a file that cannot be parsed', async () => {
    const tree = houseOf({ 'packages/port/src/index.ts': 'export const a = 1;\nexport const = 2;\n' });

    expect((await problemsOf(layers, tree))[0]).toMatch(
      /^packages\/port\/src\/index\.ts:2 cannot be parsed: /,
    );
  });
});

describe('what a floor may touch', () => {
  it('refuses time and dates outside the one file that has them', async () => {
    const clock = 'export const now = () => Date.now();\n';
    const tree = houseOf({
      'packages/core/src/clock.ts': clock,
      'packages/core/src/index.ts': clock,
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/core/src/index.ts:1 Date.now: floor 0 does not touch `time` (reading a clock, or timers)',
    ]);
  });

  it('refuses everything impure on floor 1', async () => {
    const tree = houseOf({
      'packages/token/src/index.ts': [
        "import { createHash, randomBytes } from 'node:crypto';",
        "import { connect } from 'node:net';",
        'export const a = new Date(0);',
        'setTimeout(() => a, 1);',
        'export const b = performance.now();',
        "export const c = globalThis['fetch'];",
        'export const d = globalThis.crypto;',
        'export const e = AbortSignal.timeout(1);',
        'export type F = typeof console;',
        'export { createHash, randomBytes, connect };',
      ].join('\n'),
    });

    const touched = (await problemsOf(layers, tree)).map((line) => /index\.ts:(\d+ .*?):/.exec(line)?.[1]);
    expect(touched).toEqual([
      '1 randomBytes of node',
      '2 connect of node',
      '3 Date',
      '4 setTimeout',
      '5 performance',
      '6 globalThis.fetch',
      '7 globalThis.crypto',
      '8 AbortSignal.timeout',
      '9 console',
    ]);
  });

  it('refuses the namespace of node:crypto, which holds randomness', async () => {
    const tree = houseOf({
      'packages/token/src/index.ts':
        "import * as crypto from 'node:crypto';\nexport const a = crypto.sign;\n",
    });

    expect((await problemsOf(layers, tree))[0]).toBe(
      'packages/token/src/index.ts:1 node:crypto: floor 1 does not touch `randomness` (random bytes and new keys)',
    );
  });

  it('refuses the current time where dates are allowed, and allows a time that was passed in', async () => {
    const tree = houseOf({
      'packages/server/src/index.ts': [
        'export const a = (ms: number) => new Date(ms).toISOString();',
        'export const b = () => new Date();',
        'export const c = () => Date();',
      ].join('\n'),
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/server/src/index.ts:2 new Date(): floor 4 does not touch `time` (reading a clock, or timers)',
      'packages/server/src/index.ts:3 Date(): floor 4 does not touch `time` (reading a clock, or timers)',
    ]);
  });

  it('tells a later turn from a later time, also by the promises of node:timers', async () => {
    const tree = houseOf({
      'packages/port/src/index.ts':
        "import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';\nexport { turn, wait };\n",
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/port/src/index.ts:1 setTimeout of node:timers/promises: floor 2 does not touch `time` (reading a clock, or timers)',
    ]);
  });

  it('refuses console, the environment and guessable randomness in packages', async () => {
    const tree = houseOf({
      'packages/server/src/index.ts': [
        'console.log(1);',
        "export const a = process.env['A'];",
        "import { env } from 'node:process';",
        'export const b = [env, Math.random()];',
      ].join('\n'),
    });

    expect(await problemsOf(layers, tree)).toEqual([
      'packages/server/src/index.ts:1 console: floor 4 does not touch `console` (output that nobody asked for)',
      'packages/server/src/index.ts:2 process.env: floor 4 does not touch `environment` (`process.env`)',
      'packages/server/src/index.ts:3 env of node:process: floor 4 does not touch `environment` (`process.env`)',
      'packages/server/src/index.ts:4 Math.random can be guessed: take bytes of node:crypto',
    ]);
  });

  it('takes members and keys of that name for what they are', async () => {
    const tree = houseOf({
      'packages/token/src/index.ts': [
        'export interface A { readonly performance: number; fetch(): void }',
        'export const a = { console: 1, Date: 2 };',
        'export const b = a.console + a.Date;',
        'export class B { process = 1; setTimeout() {} }',
      ].join('\n'),
    });

    expect(await problemsOf(layers, tree)).toEqual([]);
  });

  it('leaves tests alone', async () => {
    const tree = houseOf({ 'packages/token/src/a.test.ts': 'console.log(Date.now(), Math.random());\n' });

    expect(await problemsOf(layers, tree)).toEqual([]);
  });

  it('refuses a capability that it does not know', async () => {
    const tree = houseOf({
      'ARCHITECTURE.md': (houseOf().read('ARCHITECTURE.md') ?? '').replace('`turns`', '`magic`'),
    });

    expect(await problemsOf(layers, tree)).toEqual(['ARCHITECTURE.md:7 knows no capability `magic`']);
  });
});
