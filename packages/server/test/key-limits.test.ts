import { AUTHORITY_LIMITS } from '@rta/authority';
import { TOKEN_LIMITS } from '@rta/token';
import { expect, test } from 'vitest';

test('tokens of a key are accepted as long as the longest session lives [T-6.8]', () => {
  expect(TOKEN_LIMITS.overlapMinMs).toBeGreaterThanOrEqual(AUTHORITY_LIMITS.maxSessionLifetimeMs);
});
