import { expect, it } from 'vitest';
import { TOKEN_ERRORS } from './errors.ts';

it('keeps its codes, and the order in which a token is checked [T-4.1]', () => {
  expect(Object.keys(TOKEN_ERRORS)).toEqual([
    'RTA_TOKEN_LENGTH',
    'RTA_TOKEN_VERSION',
    'RTA_TOKEN_SUITE',
    'RTA_TOKEN_SUITE_LENGTH',
    'RTA_TOKEN_FLAGS',
    'RTA_TOKEN_ISSUED_AT',
    'RTA_TOKEN_KEY_UNKNOWN',
    'RTA_TOKEN_SUITE_MISMATCH',
    'RTA_TOKEN_SIGNATURE',
    'RTA_TOKEN_KEY',
    'RTA_TOKEN_KEY_DUPLICATE',
    'RTA_TOKEN_KEY_LIMIT',
    'RTA_TOKEN_KEY_CURRENT',
    'RTA_TOKEN_KEY_REVOKED',
    'RTA_TOKEN_ROTATION',
  ]);
});
