import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { INTEROP_CASES } from './cases/all.ts';
import { IMPLEMENTATIONS } from './implementations.ts';
import { runsOf } from './interop-case.ts';
import { ROOT } from './paths.ts';
import { DOCUMENT, documentText, sectionsOf, sectionText } from './report.ts';

const document = readFileSync(join(ROOT, DOCUMENT), 'utf8');
const { aioquic } = IMPLEMENTATIONS;
const [first] = runsOf(INTEROP_CASES, aioquic);
if (first === undefined) throw new Error('there are no cases');

const rowOf = (section: string): string | undefined =>
  section.split('\n').find((line) => line.startsWith(`| ${first.name} `));

test('the document has an introduction, a section for each implementation, and nothing else', () => {
  expect(documentText(sectionsOf(document))).toBe(document);
  expect(sectionsOf(document).map((section) => section.split(/[\s#]+/)[1])).toEqual(['aioquic', 'quinn']);
});

test.each([
  ['passed', [{ ...first, passed: true }]],
  ['**failed**', [{ ...first, passed: false }]],
  ['not run', []],
])('a case shows as %s', (shown, outcomes) => {
  expect(rowOf(sectionText(aioquic, outcomes))).toContain(`| ${shown} `);
});

test('no two cases have the same name in the same role', () => {
  for (const implementation of Object.values(IMPLEMENTATIONS)) {
    const keys = runsOf(INTEROP_CASES, implementation).map(({ name, role }) => `${name} (${role})`);
    expect(keys).toEqual([...new Set(keys)]);
  }
});
