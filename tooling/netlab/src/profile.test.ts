import { describe, expect, it } from 'vitest';
import { fullProfile, type LinkProfile } from './profile.ts';

describe('a profile', () => {
  it('is a perfect link where it says nothing', () => {
    expect(fullProfile({})).toEqual({
      delayMs: 0,
      jitterMs: 0,
      lossRatio: 0,
      reorderRatio: 0,
      duplicateRatio: 0,
      queuePackets: 1000,
    });
  });

  it('keeps what it says', () => {
    const profile = {
      delayMs: 12.5,
      jitterMs: 1,
      lossRatio: 0.01,
      reorderRatio: 0.02,
      duplicateRatio: 1,
      rateBitsPerSecond: 1e6,
      queuePackets: 7,
    };
    expect(fullProfile(profile)).toEqual(profile);
  });

  it.each<[string, LinkProfile]>([
    ['a time that runs back', { delayMs: -1 }],
    ['a time that never ends', { delayMs: Number.POSITIVE_INFINITY }],
    ['jitter that is no number', { jitterMs: Number.NaN }],
    ['a percentage for a ratio', { lossRatio: 5 }],
    ['a negative ratio', { duplicateRatio: -0.1 }],
    ['a ratio that is no number', { reorderRatio: Number.NaN, delayMs: 1 }],
    ['reordering without a delay', { reorderRatio: 0.1 }],
    ['a rate of nothing', { rateBitsPerSecond: 0 }],
    ['a rate without end', { rateBitsPerSecond: Number.POSITIVE_INFINITY }],
    ['a queue of nothing', { rateBitsPerSecond: 1e6, queuePackets: 0 }],
    ['half a packet', { rateBitsPerSecond: 1e6, queuePackets: 1.5 }],
    ['a queue without a rate', { queuePackets: 10 }],
  ])('is refused with %s', (_name, profile) => {
    expect(() => fullProfile(profile)).toThrow(RangeError);
  });
});
