import { describe, expect, it } from 'vitest';
import { houseOf, problemsOf, resultOf } from '../test/house.ts';
import { errorsDoc } from './errors-doc.ts';

const TABLE = 'packages/port/src/errors.ts';
const FULL = { summary: 'the port is full', remedy: 'wait', retryable: true, httpStatus: 503 };

function house(code: string, files: Readonly<Record<string, string>> = {}) {
  return houseOf({
    [TABLE]: 'export const PORT_ERRORS = {\n  RTA_PORT_FULL: {},\n} as const;\n',
    'packages/port/src/index.ts': code,
    ...files,
  });
}

describe('error codes', () => {
  it('makes a document of what the tables say', async () => {
    const result = await resultOf(errorsDoc, house("throw portError('RTA_PORT_FULL');"), {
      [TABLE]: { PORT_ERRORS: { RTA_PORT_FULL: FULL } },
    });

    expect(result.problems).toEqual([]);
    expect(result.document?.path).toBe('docs/errors.md');
    expect(result.document?.text.split('\n').slice(-6)).toEqual([
      '## @rta/port',
      '',
      '| code            | what went wrong  | what to do | retryable | HTTP |',
      '| --------------- | ---------------- | ---------- | --------- | ---- |',
      '| `RTA_PORT_FULL` | the port is full | wait       | yes       | 503  |',
      '',
    ]);
  });

  it('finds a code that no table holds, in code and in comments', async () => {
    const code =
      "/**\n * @throws RTA_PORT_GONE\n */\nthrow portError('RTA_PORT_FUL');\nswitch (code) { case `RTA_PORT_A`: }";
    const tree = house(`${code}\nportError('RTA_PORT_FULL');`);

    expect(await problemsOf(errorsDoc, tree, { [TABLE]: { PORT_ERRORS: { RTA_PORT_FULL: FULL } } })).toEqual([
      'packages/port/src/index.ts:4 RTA_PORT_FUL stands in no error table',
      'packages/port/src/index.ts:5 RTA_PORT_A stands in no error table',
      'packages/port/src/index.ts:2 RTA_PORT_GONE stands in no error table',
    ]);
  });

  it('finds a code that nobody uses: a comment and the table are no use', async () => {
    const tree = house('/** @throws RTA_PORT_FULL */\nexport {};');

    expect(await problemsOf(errorsDoc, tree, { [TABLE]: { PORT_ERRORS: { RTA_PORT_FULL: FULL } } })).toEqual([
      'packages/port/src/errors.ts:2 RTA_PORT_FULL is declared and never used',
    ]);
  });

  it('takes a key of another table for a use, and a variable of the environment for none', async () => {
    const tree = house(
      "export const WIRE = { RTA_PORT_FULL: 1 };\nexport const a = process.env['RTA_LOG_LEVEL'];",
    );

    expect(await problemsOf(errorsDoc, tree, { [TABLE]: { PORT_ERRORS: { RTA_PORT_FULL: FULL } } })).toEqual(
      [],
    );
  });

  it('finds one code in two tables', async () => {
    const other = 'packages/left/src/left-errors.ts';
    const tree = house("throw portError('RTA_PORT_FULL');", { [other]: 'export const LEFT_ERRORS = {};\n' });

    expect(
      await problemsOf(errorsDoc, tree, {
        [TABLE]: { PORT_ERRORS: { RTA_PORT_FULL: FULL } },
        [other]: { LEFT_ERRORS: { RTA_PORT_FULL: FULL } },
      }),
    ).toEqual([
      'packages/port/src/errors.ts:2 RTA_PORT_FULL is declared in packages/left/src/left-errors.ts too',
    ]);
  });

  it.each([
    ['a code of another shape', { FULL }, 'FULL: the code is not spelled RTA_<AREA>_<REASON>'],
    ['no remedy', { RTA_PORT_FULL: { ...FULL, remedy: ' ' } }, 'RTA_PORT_FULL: `remedy` is empty'],
    [
      'an upper case',
      { RTA_PORT_FULL: { ...FULL, summary: 'The port' } },
      'RTA_PORT_FULL: `summary` starts in upper case',
    ],
    [
      'a full stop',
      { RTA_PORT_FULL: { ...FULL, remedy: 'wait.' } },
      'RTA_PORT_FULL: `remedy` ends with a full stop',
    ],
    [
      'a status of success',
      { RTA_PORT_FULL: { ...FULL, httpStatus: 200 } },
      'RTA_PORT_FULL: `httpStatus` is no status of an error',
    ],
    [
      'no retryable',
      { RTA_PORT_FULL: { summary: 'a', remedy: 'b' } },
      'RTA_PORT_FULL: needs `summary`, `remedy` and `retryable`',
    ],
  ])('refuses a row with %s', async (_name, table, message) => {
    const problems = await problemsOf(errorsDoc, house("portError('RTA_PORT_FULL');"), {
      [TABLE]: { PORT_ERRORS: table },
    });

    expect(problems[0]?.replace(/^\S+ /, '')).toBe(message);
  });

  it('reports a table that cannot be imported', async () => {
    expect((await problemsOf(errorsDoc, house('export {};'), {}))[0]).toBe(
      'packages/port/src/errors.ts:1 cannot be imported: Error: no such module: packages/port/src/errors.ts',
    );
  });
});
