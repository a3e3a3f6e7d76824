import { describe, expect, it } from 'vitest';
import { houseOf, problemsOf, resultOf } from '../test/house.ts';
import { specTrace } from './spec-trace.ts';

const SPEC = '# Token\n\n- **T-1.1** A token MUST be short.\n- **T-1.2** It MUST be signed.\n';

describe('requirements', () => {
  it('finds them in titles of tests of every kind', async () => {
    const tree = houseOf({
      'docs/spec/token.md': `${SPEC}- **T-1.3** a\n- **T-1.4** b\n- **T-1.5** c\n`,
      'packages/token/src/a.test.ts': "it('is short [T-1.1]', () => {});\n",
      'packages/token/test/b.test.ts':
        "import { test as property } from '@fast-check/vitest';\nproperty.prop([a])('is signed [T-1.2]', f);\ndescribe(`all [T-1.3, T-1.1]`, f);\nit.each([1])('n [T-1.4]', f);\n",
      'tooling/testkit/src/contract.ts': "export const checks = [{ name: 'holds [T-1.5]', run }];\n",
    });
    const result = await resultOf(specTrace, tree);

    expect(result.problems).toEqual([]);
    expect(result.table?.[1]).toBe('T-1.2  docs/spec/token.md  packages/token/test/b.test.ts');
  });

  it('refuses a requirement without a test: comments, expectations and skipped tests are none', async () => {
    const tree = houseOf({
      'docs/spec/token.md': SPEC,
      'packages/token/src/a.test.ts': [
        '// [T-1.1]',
        "it('a', () => { expect('[T-1.1]').toBe(1); });",
        "it.skip('is signed [T-1.2]', f);",
        "it.todo('is signed [T-1.2]');",
      ].join('\n'),
    });

    expect(await problemsOf(specTrace, tree)).toEqual([
      'docs/spec/token.md:3 T-1.1 is in the title of no test',
      'docs/spec/token.md:4 T-1.2 is in the title of no test',
    ]);
  });

  it('refuses a title that cites what no specification defines', async () => {
    const tree = houseOf({
      'docs/spec/token.md': '**T-1.1** a\n',
      'packages/token/src/a.test.ts': "\nit('is short [T-1.1,T-9.9]', f);\n",
    });

    expect(await problemsOf(specTrace, tree)).toEqual([
      'packages/token/src/a.test.ts:2 cites T-9.9, which no specification defines',
    ]);
  });

  it('refuses one number for two requirements', async () => {
    const tree = houseOf({
      'docs/spec/token.md': '- **T-1.1** a\n',
      'docs/spec/wire.md': '\n- **T-1.1** b\n',
      'packages/token/src/a.test.ts': "it('a [T-1.1]', f);\n",
    });

    expect(await problemsOf(specTrace, tree)).toEqual([
      'docs/spec/wire.md:2 T-1.1 is defined in docs/spec/token.md:1 too',
    ]);
  });
});
