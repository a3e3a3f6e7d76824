import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './paths.ts';
import { DOCUMENT, keepOutcomes, type Outcome, type Plan, sectionsOf, sectionText } from './report.ts';

/** A module that waits for a verification, a retry or a pause. */
const MODULE_MS = 60_000;

/** Runs a plan as vitest tests, and compares what it finds with the document. */
export function planSuite(plan: Plan, run: (module: string, variant: string) => Promise<void>): void {
  describe(`the server as a ${plan.name}`, () => {
    const outcomes: Outcome[] = [];
    for (const module of plan.modules) {
      for (const variant of plan.variants) {
        test(
          `${module} (${variant})`,
          async () => {
            let passed = false;
            try {
              await run(module, variant);
              passed = true;
            } finally {
              outcomes.push({ module, variant, passed });
            }
          },
          MODULE_MS,
        );
      }
    }

    test(`${DOCUMENT} says what was found`, () => {
      keepOutcomes(plan, outcomes);
      const document = readFileSync(join(ROOT, DOCUMENT), 'utf8');
      const section = sectionsOf(document).find((text) => text.startsWith(`## As a ${plan.name}\n`));
      expect(section).toBe(sectionText(plan, outcomes));
    });
  });
}
