import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { INTEROP_CASES } from './cases/all.ts';
import type { Implementation } from './implementations.ts';
import { type OurRole, runsOf } from './interop-case.ts';
import { keepOutcomes } from './outcomes.ts';
import { ROOT } from './paths.ts';
import { DOCUMENT, type Outcome, sectionsOf, sectionText } from './report.ts';
import { onStage } from './stage.ts';
import type { Command } from './toolchains.ts';

/** The first run on a machine installs or builds the peer. */
const PREPARE_MS = 600_000;

const TITLES: Readonly<Record<OurRole, string>> = {
  client: 'our client, their server',
  server: 'our server, their client',
};

/** Runs every case with one implementation as vitest tests, and compares what it finds with the document. */
export async function interopSuite(implementation: Implementation): Promise<void> {
  const { name, toolchain } = implementation;
  const runs = runsOf(INTEROP_CASES, implementation);
  const missing = await toolchain.missing();
  if (missing !== undefined) {
    test.skip(`QUIC with ${name}, ${runs.length} cases: needs ${missing}`, () => {});
    return;
  }
  describe(`QUIC with ${name}`, () => {
    const outcomes: Outcome[] = [];
    let command: Command = [''];
    beforeAll(async () => {
      command = await toolchain.prepare();
    }, PREPARE_MS);

    for (const each of runs) {
      test(`${each.name} (${TITLES[each.role]})`, async () => {
        let passed = false;
        try {
          await onStage(implementation, command, each.run);
          passed = true;
        } finally {
          outcomes.push({ name: each.name, role: each.role, passed });
        }
      });
    }

    test(`${DOCUMENT} says of ${name} what was found`, () => {
      keepOutcomes(implementation, outcomes);
      const document = readFileSync(join(ROOT, DOCUMENT), 'utf8');
      const section = sectionsOf(document).find((text) => text.startsWith(`## ${name} `));
      expect(section).toBe(sectionText(implementation, outcomes));
    });
  });
}
