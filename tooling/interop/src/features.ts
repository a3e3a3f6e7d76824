/** What the transport is still to learn: cases that need one of these are not in the list until it has. */
export type Feature = 'client-tells-refusal' | 'server-repeats-refusal' | 'migration';

/** What it has learned. */
export const LEARNED: ReadonlySet<Feature> = new Set<Feature>([
  'client-tells-refusal',
  'server-repeats-refusal',
]);
