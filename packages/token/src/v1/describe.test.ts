import { parseSessionId } from '@rta/core';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../../test/code-of.ts';
import { createHmacKey } from '../hmac-key.ts';
import { encodeToken } from './codec.ts';
import { describeToken } from './describe.ts';

const key = createHmacKey({ keyId: 7, secret: new Uint8Array(32).fill(9) });
const token = encodeToken(
  {
    sessionId: parseSessionId('AAECAwQFBgcICQoLDA0ODw'),
    contextHash: Uint8Array.from({ length: 32 }, (_, i) => i),
    issuedAtMs: Number.MAX_SAFE_INTEGER,
  },
  key,
);

describe('describeToken', () => {
  it('shows what finds a fault, and neither signature nor whole context hash (I10)', () => {
    expect(describeToken(token)).toEqual({
      suite: 'hmac-sha256',
      keyId: 7,
      sessionId: 'AAECAwQFBgcICQoLDA0ODw',
      issuedAtMs: 9_007_199_254_740_991,
      contextHashStart: '00010203',
    });
  });

  it('refuses what is not a token', () => {
    expect(codeOf(() => describeToken(token.subarray(1)))).toBe('RTA_TOKEN_LENGTH');
  });
});
