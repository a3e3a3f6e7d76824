import { defineConfig } from 'vitest/config';

// Tests run from source: the `rta-source` condition makes every @rta/* import resolve to its src/.
const conditions = ['rta-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['{packages,apps,tooling}/*/src/**/*.test.ts', '{packages,apps,tooling}/*/test/**/*.test.ts'],
    passWithNoTests: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    restoreMocks: true,
  },
});
