import assert from 'node:assert/strict';
import type { Verdict } from '../scripted/verdict.ts';

/** The receiver has taken the token. */
export function acknowledged(verdict: Verdict, what: string): void {
  assert.deepEqual(verdict, { acknowledged: true }, `${what} is to be acknowledged`);
}

/** The receiver has refused the token with this code of RFC 8935 §2.4, and said why. */
export function refused(verdict: Verdict, err: string, what: string): void {
  assert(!verdict.acknowledged && 'err' in verdict, `${what} is to be refused: ${JSON.stringify(verdict)}`);
  assert.equal(verdict.err, err, what);
  assert(
    typeof verdict.description === 'string' && verdict.description !== '',
    `${what} needs a description`,
  );
}
