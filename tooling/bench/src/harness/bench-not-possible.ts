/** A bench cannot run on this machine, through no fault of its own: the message says why, and what to do about it. */
export class BenchNotPossible extends Error {
  override readonly name = 'BenchNotPossible';
}
