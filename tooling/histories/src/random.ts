/** A stream of numbers that a seed determines: quick, and good enough to draw histories from. */
export interface Random {
  /** A whole number from 0 up to, and without, this one. */
  below(count: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
}

/**
 * Makes a stream.
 *
 * @param seed - a whole number from 0 up to 2^32 - 1.
 */
export function createRandom(seed: number): Random {
  // A 32-bit Weyl sequence through the finalizer of MurmurHash3.
  let state = seed >>> 0;
  const below = (count: number): number => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return Math.floor((((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32) * count);
  };
  return { below, pick: (from) => from[below(from.length)] ?? from[0] };
}
