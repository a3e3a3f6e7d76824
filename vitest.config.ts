import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Tests run from source: the `rta-source` condition makes every @rta/* import resolve to its src/.
const conditions = ['rta-source'];

// What takes a minute or so begins first: in the end it would keep one core busy, and the others waiting.
const LONG = ['tooling/histories/', 'test/histories/', 'tooling/interop/', 'tooling/conformance/'];

function isLong({ moduleId }: TestSpecification): boolean {
  return LONG.some((part) => moduleId.includes(part));
}

class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{packages,apps,tooling}/*/src/**/*.test.ts', '{packages,apps,tooling}/*/test/**/*.test.ts'],
    sequence: { sequencer: LongOnesFirst },
    // One more than by default: on two cores that is twice as many, and most tests wait for something.
    maxWorkers: availableParallelism(),
    passWithNoTests: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    restoreMocks: true,
  },
});
