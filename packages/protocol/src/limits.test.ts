import { expect, it } from 'vitest';
import { PROTOCOL_LIMITS } from './limits.ts';

it('keeps the limits of the specification: both sides must have the same [P-3.3, P-4.6, P-4.7, P-6.2, P-6.7]', () => {
  expect(PROTOCOL_LIMITS).toEqual({
    maxFrameBodyBytes: 65_536,
    maxActionBytes: 256,
    maxResourceTypeBytes: 256,
    maxResourceIdBytes: 2_048,
    maxRequestContextBytes: 8_192,
    maxDecisionDetailBytes: 16_384,
    maxTextBytes: 1_024,
    maxListItems: 128,
    maxListedSessions: 64,
    maxCborDepth: 16,
  });
});
