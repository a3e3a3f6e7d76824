import { expect, test } from 'vitest';
import { resolveTransportLimits } from './limits.ts';

test('what the caller does not choose is as documented', () => {
  expect(resolveTransportLimits({ maxStreamCount: 4 })).toEqual({
    maxStreamCount: 4,
    highWaterBytes: 65_536,
    maxBufferedBytes: 1_048_576,
    maxChunkBytes: 65_536,
  });
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('%d is no limit', (maxStreamCount) => {
  expect(() => resolveTransportLimits({ maxStreamCount })).toThrow(
    expect.objectContaining({
      code: 'RTA_TRANSPORT_CONFIG',
      details: { option: 'maxStreamCount', value: maxStreamCount },
    }),
  );
});

test('a high-water mark above the hard limit could never be reached', () => {
  expect(() => resolveTransportLimits({ highWaterBytes: 11, maxBufferedBytes: 10 })).toThrow(
    expect.objectContaining({ code: 'RTA_TRANSPORT_CONFIG' }),
  );
});
