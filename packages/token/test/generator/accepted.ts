import { bytes, hex, type TokenFields } from '../reference.ts';
import type { AcceptedToken } from './format.ts';
import type { KeyName } from './keys.ts';
import { fieldsFor, signed } from './tokens.ts';

const accept = (
  name: string,
  keys: [KeyName, ...KeyName[]],
  changes: Partial<TokenFields> = {},
): AcceptedToken => {
  const fields = fieldsFor(keys[0], changes);
  return {
    name,
    keys,
    token: hex(signed(keys[0], changes)),
    claims: {
      suite: fields.suite === 1 ? 'hmac-sha256' : 'ed25519',
      keyId: fields.keyId,
      sessionId: Buffer.from(fields.sessionId).toString('base64url'),
      contextHash: hex(fields.contextHash),
      issuedAtMs: Number(fields.issuedAt),
    },
  };
};

/** Good tokens of both suites, at the edges of every field. */
export function acceptedTokens(): AcceptedToken[] {
  const cases: AcceptedToken[] = [];
  for (const [suite, key, second, lowest, highest] of [
    ['suite 1', 'hmac-32', 'hmac-48', 'hmac-lowest', 'hmac-highest'],
    ['suite 2', 'ed-a', 'ed-b', 'ed-lowest', 'ed-highest'],
  ] as const) {
    cases.push(
      accept(`${suite}: ordinary`, [key]),
      accept(`${suite}: issued at 0`, [key], { issuedAt: 0n }),
      accept(`${suite}: issued at 1`, [key], { issuedAt: 1n }),
      accept(`${suite}: issued at 2^32, where 32 bits end`, [key], { issuedAt: 2n ** 32n }),
      accept(`${suite}: issued at 2^53 - 1, the last valid time`, [key], { issuedAt: 2n ** 53n - 1n }),
      accept(`${suite}: session id of zeros`, [key], { sessionId: new Uint8Array(16) }),
      accept(`${suite}: session id of ones`, [key], { sessionId: new Uint8Array(16).fill(255) }),
      accept(`${suite}: session id with both special letters of base64url`, [key], {
        sessionId: bytes('fbefbefbefbefbefbefbefffffffffff'),
      }),
      accept(`${suite}: context hash of zeros`, [key], { contextHash: new Uint8Array(32) }),
      accept(`${suite}: context hash of ones`, [key], { contextHash: new Uint8Array(32).fill(255) }),
      accept(`${suite}: lowest key id`, [lowest]),
      accept(`${suite}: highest key id`, [highest]),
      accept(`${suite}: one of several keys`, [key, second]),
      accept(`${suite}: beside a key of the other suite`, [key, suite === 'suite 1' ? 'ed-a' : 'hmac-32']),
    );
  }
  cases.push(
    accept('suite 1: secret of 48 bytes', ['hmac-48']),
    accept('suite 1: secret of 64 bytes', ['hmac-64']),
  );
  return cases;
}
