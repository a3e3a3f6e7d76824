import { describe, expect, it } from 'vitest';
import { houseOf, problemsOf, resultOf } from '../test/house.ts';
import { limitsDoc } from './limits-doc.ts';

const FILE = 'packages/port/src/limits.ts';

describe('limits', () => {
  it('makes a document of values and reasons', async () => {
    const tree = houseOf({
      [FILE]: [
        '/** The limits. */',
        'export const PORT_LIMITS = {',
        '  /**',
        '   * One event: see {@link parseEvent}',
        '   * for `a|b`.',
        '   */',
        '  eventBytes: 64 * 1024,',
        '  // not a reason',
        '  /** How long a proof is good. */',
        '  proofLifetimeMs: 60_000,',
        '} as const satisfies Limits;',
      ].join('\n'),
    });
    const result = await resultOf(limitsDoc, tree, {
      [FILE]: { PORT_LIMITS: { eventBytes: 65_536, proofLifetimeMs: 60_000 } },
    });

    expect(result.problems).toEqual([]);
    expect(result.document?.text.split('\n').slice(-7)).toEqual([
      '## @rta/port',
      '',
      '| limit             | value  | why                                     |',
      '| ----------------- | ------ | --------------------------------------- |',
      '| `eventBytes`      | 65,536 | One event: see `parseEvent` for `a\\|b`. |',
      '| `proofLifetimeMs` | 60,000 | How long a proof is good.               |',
      '',
    ]);
  });

  it('refuses a limit without a reason: the comment of the member before is not its own', async () => {
    const tree = houseOf({
      [FILE]:
        'export const PORT_LIMITS = {\n  /** Why. */\n  a: 1,\n  b: 2,\n  // why\n  c: 3,\n} as const;\n',
    });

    expect(await problemsOf(limitsDoc, tree, { [FILE]: { PORT_LIMITS: { a: 1, b: 2, c: 3 } } })).toEqual([
      'packages/port/src/limits.ts:4 PORT_LIMITS.b has no doc comment that says why',
      'packages/port/src/limits.ts:6 PORT_LIMITS.c has no doc comment that says why',
    ]);
  });

  it('refuses a limit that limits nothing', async () => {
    const tree = houseOf({ [FILE]: 'export const PORT_LIMITS = {\n  /** Why. */\n  a: Infinity,\n};\n' });

    expect(await problemsOf(limitsDoc, tree, { [FILE]: { PORT_LIMITS: { a: Infinity } } })).toEqual([
      'packages/port/src/limits.ts:3 PORT_LIMITS.a is not a finite number',
    ]);
  });

  it('refuses a table that is not written out, and a file without a table', async () => {
    const other = 'packages/left/src/limits.ts';
    const tree = houseOf({
      [FILE]: 'export const PORT_LIMITS = {\n  ...OTHERS,\n};\n',
      [other]: 'export const LIMIT = 1;\n',
    });

    expect(await problemsOf(limitsDoc, tree, { [FILE]: { PORT_LIMITS: {} }, [other]: { LIMIT: 1 } })).toEqual(
      [
        'packages/left/src/limits.ts:1 exports no `X_LIMITS` table',
        'packages/port/src/limits.ts:2 a member of PORT_LIMITS is not written out: the table cannot be made from it',
      ],
    );
  });
});
