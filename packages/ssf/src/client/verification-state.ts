import { createHmac, randomBytes } from 'node:crypto';
import { constantTimeEqual, toBase64Url, utf8 } from '@rta/core';

/** States of verification requests, which every node that knows the secret recognises. */
export interface VerificationStateMaker {
  make(nowMs: number): string;
  /** When the request with this state was made, in UNIX milliseconds; undefined where nobody here made it. */
  madeAtMs(state: string): number | undefined;
}

/**
 * Makes states that carry the time of the request and a code over it. So a verification event is recognised by a node
 * that did not ask for it, and after a restart.
 *
 * @param secret - known to the nodes of this receiver only.
 */
export function createVerificationStateMaker(secret: string, streamId: string): VerificationStateMaker {
  const code = (text: string): string =>
    toBase64Url(
      createHmac('sha256', secret)
        .update(utf8(JSON.stringify(['verification', streamId, text])))
        .digest(),
    );
  return {
    make(nowMs) {
      const text = `${nowMs.toString(36)}.${toBase64Url(randomBytes(16))}`;
      return `${text}.${code(text)}`;
    },
    madeAtMs(state) {
      const end = state.lastIndexOf('.');
      const text = state.slice(0, Math.max(0, end));
      if (!constantTimeEqual(utf8(state.slice(end + 1)), utf8(code(text)))) return undefined;
      return Number.parseInt(text.slice(0, text.indexOf('.')), 36);
    },
  };
}
